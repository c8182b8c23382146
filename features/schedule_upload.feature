@personnel
Feature: Schedules into 1C ZUP (sendSchedule)
  At most 100 employees a request. A malformed request is a 400; a broken business rule is a row in errors, and the
  other employees go on. Seed sections 1.2 and 9. Shifts are uploaded for the host's next calendar month.

  @SCH-01 @write
  Scenario: One 09:00–18:00 WORK shift with 60 min break: success, 1 employee, 1 shift, document_id, errors []
    Given 1 employee who works all of next month
    When these shifts of next month are uploaded
      | employee | day | start | end   | break |
      | 1        | 1   | 09:00 | 18:00 | 60    |
    Then the upload is a success of 1 employee and 1 shift

  @SCH-02 @write
  Scenario: Two employees with 21 shifts each: employees_processed 2, shifts_created 42
    Given 2 employees who work all of next month
    When each is given 21 shifts of 09:00–18:00 in next month
    Then the upload is a success of 2 employees and 42 shifts

  @SCH-03 @write
  Scenario: A request with exactly 100 employees is accepted whole
    Given 100 employees who work all of next month
    When each is given 1 shift of 09:00–18:00 in next month
    Then the upload is a success of 100 employees and 100 shifts

  @SCH-04 @write
  Scenario: 101 employees give 400 BATCH_TOO_LARGE and no document
    Given 101 employees who work all of next month
    When each is given 1 shift of 09:00–18:00 in next month
    Then it is refused with 400 BATCH_TOO_LARGE
    And no document was made

  @SCH-05 @write
  Scenario: Night shift 20:00–08:00 counts as one shift dated by its start
    Given 1 employee who works all of next month
    When these shifts of next month are uploaded
      | employee | day  | start | end   | break |
      | 1        | last | 20:00 | 08:00 | 60    |
    Then the upload is a success of 1 employee and 1 shift

  @SCH-06 @write
  Scenario: 09:00–18:00 and 17:00–20:00 overlap for one of two employees: status partial, processed 1, SHIFT_OVERLAP
    Given 2 employees who work all of next month
    When these shifts of next month are uploaded
      | employee | day | start | end   | break |
      | 1        | 3   | 09:00 | 18:00 | 60    |
      | 2        | 3   | 09:00 | 18:00 | 60    |
      | 2        | 3   | 17:00 | 20:00 | 0     |
    Then the upload is partial: 1 employee and 1 shift
    And employee 2 is refused for SHIFT_OVERLAP

  @SCH-07 @write
  Scenario: 08:00–21:00 shift (13 h) is refused in errors with SHIFT_TOO_LONG
    Given 1 employee who works all of next month
    When these shifts of next month are uploaded
      | employee | day | start | end   | break |
      | 1        | 4   | 08:00 | 21:00 | 60    |
    Then nothing is taken over
    And employee 1 is refused for SHIFT_TOO_LONG

  @SCH-08 @write
  Scenario: start_time "9:00", "24:00" and "25:00" each give 400 VALIDATION_ERROR
    Given 1 employee who works all of next month
    When a shift is uploaded with each of these values
      | member     | value |
      | start_time | 9:00  |
      | start_time | 24:00 |
      | start_time | 25:00 |
    Then each is refused with 400 VALIDATION_ERROR naming start_time

  @SCH-09 @write
  Scenario: A shift dated the day after period_end is refused in errors with DATE_OUT_OF_PERIOD
    Given 1 employee who works all of next month
    When a shift of day 16 is uploaded for the period of days 1 to 15 of next month
    Then nothing is taken over
    And employee 1 is refused for DATE_OUT_OF_PERIOD

  @SCH-10 @write
  Scenario: Period January 2020 gives status error, PERIOD_CLOSED and no document_id
    Given 1 employee who works all of next month
    When a shift of 2020-01-15 is uploaded for the period 2020-01-01 to 2020-01-31
    Then nothing is taken over
    And employee 1 is refused for PERIOD_CLOSED

  @SCH-11 @write
  Scenario: An employee with an empty shifts list yields NO_SHIFT_DATA and shifts_created 0
    Given 1 employee who works all of next month
    When each is given 0 shifts of 09:00–18:00 in next month
    Then nothing is taken over
    And employee 1 is refused for NO_SHIFT_DATA
