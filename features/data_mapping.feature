@operations
Feature: Data between Argus and 1C (the operations under /mapping)
  Nine fields on the way to 1C, ten on the way back, six time types both ways. The two tables of employees are no
  inverses of each other; the round trip is judged on the first. Seed section 8, A34, A42.

  @MAP-01 @read @admin
  Scenario: An Argus employee maps to nine 1C fields; position.id becomes position_id, weekly_hours norm_week
    Given an employee of Argus with a part-time week of 37.5 hours
    When the employee is mapped to 1C
    Then 1C gets these fields of Argus, each with its value, and no other
      | 1C            | Argus            |
      | agent_id      | employee_id      |
      | tab_number    | personnel_number |
      | lastname      | last_name        |
      | firstname     | first_name       |
      | secondname    | middle_name      |
      | position_id   | position.id      |
      | department_id | department.id    |
      | start_work    | hire_date        |
      | norm_week     | weekly_hours     |

  @MAP-02 @read @admin
  Scenario: 1C to Argus: tab_number "00123" keeps its zeros as employee_code, rate 0.5 becomes fte_percentage 50
    Given an agent of 1C with tab_number 00123 and rate 0.5
    When the agent is mapped to Argus
    Then Argus gets these fields of 1C, each with its value, and fte_percentage
      | Argus                | 1C            |
      | external_employee_id | agent_id      |
      | employee_code        | tab_number    |
      | last_name            | lastname      |
      | first_name           | firstname     |
      | middle_name          | secondname    |
      | position.id          | position_id   |
      | department.id        | department_id |
      | hire_date            | start_work    |
      | standard_hours       | norm_week     |
    And employee_code is the text 00123
    And these rates become these percentages
      | rate | percentage |
      | 0.5  | 50         |
      | 0.07 | 7          |
      | 0.29 | 29         |
      | 1    | 100        |

  @MAP-03 @read @admin
  Scenario: A null middle_name survives the round trip as null
    Given an employee of Argus without a middle name
    When the employee is mapped to 1C
    And what 1C got is mapped to Argus
    Then the middle name is null in 1C and in Argus
    And every other value is the employee's own

  @MAP-04 @read @admin
  Scenario: Six Argus time types map both ways to ОТ, Б, К, ДО, Я, С by Cyrillic code point
    When all six time types are mapped both ways
    Then they are these codes, by code point
      | time type     | code | code points   |
      | vacation      | ОТ   | U+041E U+0422 |
      | sick_leave    | Б    | U+0411        |
      | business_trip | К    | U+041A        |
      | unpaid_leave  | ДО   | U+0414 U+041E |
      | work_time     | Я    | U+042F        |
      | overtime      | С    | U+0421        |
    And a look-alike in Latin letters is refused with 422 UNMAPPED_TIME_TYPE, telling both code points
      | code point | letter |
      | U+0043     | U+0421 |
      | U+004B     | U+041A |
      | U+0042     | U+0411 |

  @MAP-05 @read @admin
  Scenario: Argus type "parental_leave" and 1C code "ZZ" raise UNMAPPED_TIME_TYPE and are not dropped
    When "parental_leave" and "ZZ" are mapped, each after one that is known
    Then each is refused with 422 UNMAPPED_TIME_TYPE
    And each message names the value and each details.field its place
