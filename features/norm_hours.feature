@personnel
Feature: Norm hours by the production calendar (getNormHours)
  (weekly norm / 5 × working days − pre-holiday hours) × rate, to two decimals. Seed section 1.3; the figures are those
  of the Russian production calendar and of the vendor's own examples.

  @NRM-01 @read
  Scenario: August 2025, 40 h, rate 1.0: 21 days, 0 holidays, 0 reduction, 168 h
    Given an employee hired before 2025-08-01
    When these norms are requested
      | from       | to         | weekly | rate | norm | days | holidays | reduction |
      | 2025-08-01 | 2025-08-31 | 40     | 1.0  | 168  | 21   | 0        | 0         |
    Then each norm is as given

  @NRM-02 @read
  Scenario: 2025 months at 40 h: Jan 136, Mar 167, Apr 175, Jun 151, Nov 151
    Given an employee hired before 2025-01-01
    When these norms are requested
      | from       | to         | weekly | rate | norm |
      | 2025-01-01 | 2025-01-31 | 40     | 1.0  | 136  |
      | 2025-03-01 | 2025-03-31 | 40     | 1.0  | 167  |
      | 2025-04-01 | 2025-04-30 | 40     | 1.0  | 175  |
      | 2025-06-01 | 2025-06-30 | 40     | 1.0  | 151  |
      | 2025-11-01 | 2025-11-30 | 40     | 1.0  | 151  |
    Then each norm is as given

  @NRM-03 @read
  Scenario: Year 2025 at 40 h: 247 days, reduction 4, 1972 h
    Given an employee hired before 2025-01-01
    When these norms are requested
      | from       | to         | weekly | rate | norm | days | reduction |
      | 2025-01-01 | 2025-12-31 | 40     | 1.0  | 1972 | 247  | 4         |
    Then each norm is as given

  @NRM-04 @read
  Scenario: Year 2018: 40/1 1970, 40/0.5 985, 36/1 1772.4, 36/0.25 443.1, 30/0.75 1107
    Given an employee hired before 2018-01-01
    When these norms are requested
      | from       | to         | weekly | rate | norm   |
      | 2018-01-01 | 2018-12-31 | 40     | 1.0  | 1970   |
      | 2018-01-01 | 2018-12-31 | 40     | 0.5  | 985    |
      | 2018-01-01 | 2018-12-31 | 36     | 1.0  | 1772.4 |
      | 2018-01-01 | 2018-12-31 | 36     | 0.25 | 443.1  |
      | 2018-01-01 | 2018-12-31 | 30     | 0.75 | 1107   |
    Then each norm is as given

  @NRM-05 @read
  Scenario: Part-year 2018 at 36 h: 1371.2 from 1 Apr, 942.2 from 29 Jun, 636.8 for 3 Jan–21 May
    Given an employee hired before 2018-01-01
    When these norms are requested
      | from       | to         | weekly | rate | norm   |
      | 2018-04-01 | 2018-12-31 | 36     | 1.0  | 1371.2 |
      | 2018-06-29 | 2018-12-31 | 36     | 1.0  | 942.2  |
      | 2018-01-03 | 2018-05-21 | 36     | 1.0  | 636.8  |
    Then each norm is as given

  @NRM-06 @read
  Scenario: 2023 quarters at 40 h are 454, 488, 520 and 511
    Given an employee hired before 2023-01-01
    When these norms are requested
      | from       | to         | weekly | rate | norm |
      | 2023-01-01 | 2023-03-31 | 40     | 1.0  | 454  |
      | 2023-04-01 | 2023-06-30 | 40     | 1.0  | 488  |
      | 2023-07-01 | 2023-09-30 | 40     | 1.0  | 520  |
      | 2023-10-01 | 2023-12-31 | 40     | 1.0  | 511  |
    Then each norm is as given

  @NRM-07 @read
  Scenario: norm_hours equals calculation_details.final_norm for each month of 2025
    Given an employee hired before 2025-01-01
    When the norm of each month of 2025 is requested
    Then each norm_hours is its final_norm

  @NRM-08 @read
  Scenario: June 2025 half-time: 40 h × 0.5 gives 75.5, 20 h × 1.0 gives 75
    Given an employee hired before 2025-06-01
    When these norms are requested
      | from       | to         | weekly | rate | norm |
      | 2025-06-01 | 2025-06-30 | 40     | 0.5  | 75.5 |
      | 2025-06-01 | 2025-06-30 | 20     | 1.0  | 75   |
    Then each norm is as given

  @NRM-09 @read
  Scenario: Saturday 2025-11-01 alone is one working, shortened day of 7 h
    Given an employee hired before 2025-11-01
    When these norms are requested
      | from       | to         | weekly | rate | norm | days | reduction |
      | 2025-11-01 | 2025-11-01 | 40     | 1.0  | 7    | 1    | 1         |
    Then each norm is as given

  @NRM-10 @read
  Scenario: period_end before period_start gives 400 INVALID_PERIOD
    Given an employee hired before 2025-08-01
    When the norm of 2025-08-31 to 2025-08-01 is requested
    Then it is refused with 400 INVALID_PERIOD

  @NRM-11 @read
  Scenario: weekly_norm 0, -40, 61, "40" and employment_rate 0, 1.6 each give 400 naming the field
    Given an employee hired before 2025-08-01
    When the norm is requested with each of these values
      | member          | value |
      | weekly_norm     | 0     |
      | weekly_norm     | -40   |
      | weekly_norm     | 61    |
      | weekly_norm     | "40"  |
      | employment_rate | 0     |
      | employment_rate | 1.6   |
    Then each is refused with 400 VALIDATION_ERROR naming its member

  @NRM-12 @read
  Scenario: Year 2099 without a calendar gives 422 CALENDAR_MISSING, not a guessed norm
    Given an employee hired before 2025-08-01
    When the norm of 2099-01-01 to 2099-12-31 is requested
    Then it is refused with 422 CALENDAR_MISSING
