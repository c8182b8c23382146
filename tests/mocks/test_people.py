"""The cast: who, how many, and the same whatever the order they are asked in."""

import datetime as dt
from collections import Counter

import pytest

from argus_wfm.mocks import people

DAY = dt.timedelta(days=1)
CAST = people.cast()


def test_exactly_513_people_on_every_day_that_scenarios_use() -> None:
    day, last = people.WINDOW
    while day <= last:
        assert sum(person.employed_on(day) for person in CAST) == 513, day
        day += DAY
    assert sum(person.employed_within(dt.date(2025, 7, 1), dt.date(2025, 7, 31)) for person in CAST) == 513


@pytest.mark.parametrize("agents", [1, 2, 50, 700])
def test_any_number_of_people(agents: int) -> None:
    cast = people.cast(agents)
    assert sum(person.employed_on(dt.date(2025, 7, 15)) for person in cast) == agents


def test_first_person_is_the_seed_s() -> None:
    first = CAST[0]
    assert (first.agent_id, first.employee_id, first.tab_number) == ("MCE001", "EMP001", "00123")
    assert (first.lastname, first.firstname, first.secondname) == ("Иванов", "Иван", "Иванович")
    assert (first.position_id, first.department_id, first.hired) == ("POS001", "DEPT001", dt.date(2020, 1, 15))
    assert first.login == "ivan.ivanov"


def test_a_person_does_not_depend_on_who_else_there_is() -> None:
    few, many = people.cast(20), people.cast(600)
    assert few == many[: len(few)]
    assert few == CAST[: len(few)]


def test_another_seed_is_other_people() -> None:
    other = people.cast(seed=2)
    same = sum(
        a.lastname == b.lastname and a.firstname == b.firstname for a, b in zip(CAST[1:], other[1:], strict=False)
    )
    assert same < 20


def test_ids_numbers_and_logins_are_unique() -> None:
    for field in ("agent_id", "employee_id", "tab_number", "login"):
        values = [getattr(person, field) for person in CAST]
        assert len(set(values)) == len(values), field


def test_patronymics_are_of_the_right_gender() -> None:
    for person in CAST:
        if person.secondname is not None:
            ending = "на" if person.gender == "female" else "ч"
            assert person.secondname.endswith(ending), person


def test_some_have_no_patronymic_and_none_has_a_blank_one() -> None:
    names = [person.secondname for person in CAST]
    assert None in names
    assert all(name is None or name.strip() for name in names)


def test_four_sites_departments_of_two_levels_and_all_kinds_of_norms() -> None:
    assert set(Counter(person.site for person in CAST)) == set(people.SITES.values())
    by_id = {department.id: department for department in people.departments()}
    assert {person.department_id for person in CAST} <= set(by_id)
    for department in by_id.values():
        assert department.parent is None or by_id[department.parent].parent is None
    assert {person.norm_week for person in CAST} == {40, 36, 30, 24, 20}
    assert {person.employment_rate for person in CAST} == {1.0, 0.75, 0.5, 0.25}


def test_people_left_before_and_come_after_the_asked_period() -> None:
    first, last = people.WINDOW
    assert any(person.dismissed and person.dismissed < first for person in CAST)
    assert any(person.hired > last for person in CAST)
