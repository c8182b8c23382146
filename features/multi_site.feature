@operations
Feature: Sites: their time, what goes between them, Central and 1C, and when it is synced
  All times are stored in UTC and shown in the site's zone; a shift counts on the site's own date. Central → site:
  employees; site → Central: actual work time; Central → 1C: consolidated; 1C → Central → sites: payroll confirmation.
  The sync is scheduled in Moscow time. Seed section 6, A32, A33, A44.

  @SITE-01 @read
  Scenario: 2025-08-01T06:00:00Z shows as 09:00, 11:00, 13:00 and 16:00 at the four sites
    When the sites are asked what time it is at 2025-08-01T06:00:00Z
    Then their clocks show
      | zone               | time             |
      | Europe/Moscow      | 2025-08-01T09:00 |
      | Asia/Yekaterinburg | 2025-08-01T11:00 |
      | Asia/Novosibirsk   | 2025-08-01T13:00 |
      | Asia/Vladivostok   | 2025-08-01T16:00 |

  @SITE-02 @read
  Scenario: Each site's offset is the same on 15 January and 15 July 2025 (no DST)
    When the sites are asked what time it is at 2025-01-15T00:00:00Z
    And the sites are asked what time it is at 2025-07-15T00:00:00Z
    Then no offset from UTC has changed
      | zone               | offset |
      | Europe/Moscow      | +03:00 |
      | Asia/Yekaterinburg | +05:00 |
      | Asia/Novosibirsk   | +07:00 |
      | Asia/Vladivostok   | +10:00 |

  @SITE-03 @write @admin
  Scenario: Vladivostok shift 2025-08-01 09:00 is stored as 2025-07-31T23:00:00Z and still counted in August
    Given a personnel sync has run
    And an employee of the site in Asia/Vladivostok
    When the site pushes that the employee worked from 2025-08-01T09:00:00 to 2025-08-01T18:00:00
    Then the shift is stored from 2025-07-31T23:00:00Z to 2025-08-01T08:00:00Z
    And it is counted once in 2025-08, and not in 2025-07
    When the site pushes that the employee worked from 2025-08-01T09:00:00 to 2025-08-01T18:00:00
    Then it is counted once in 2025-08, and not in 2025-07

  @SITE-04 @write @clock @admin
  Scenario: Sync starts 2025-07-25T22:30:00Z (Sat 26 July 01:30 Moscow); the next is 2025-08-29T22:30:00Z
    When the schedule is asked for from 2025-07-01T00:00:00Z on
    Then the personnel sync is due in turn at
      | instant              | in Moscow        |
      | 2025-07-25T22:30:00Z | 2025-07-26T01:30 |
      | 2025-08-29T22:30:00Z | 2025-08-30T01:30 |
    When the time of the next scheduled sync has come
    Then that sync has run once, and none is missing

  @SITE-05 @write @admin
  Scenario: After sync the four sites' employee counts add up to Central; an employee on two sites is flagged
    Given a personnel sync has run
    When the sites have pulled their employees
    Then the employees of the four sites add up to Central's, and nobody is at two
    When the site in Asia/Vladivostok tells of work time of an employee of the site in Europe/Moscow
    Then that employee is flagged as being on both sites, and nobody else

  @SITE-06 @write @admin
  Scenario: Moscow and Vladivostok actuals merge into one 1C transfer and payroll confirmation reaches both
    Given a personnel sync has run
    And the sites have pulled their employees
    And somebody has worked at the sites in Europe/Moscow and Asia/Vladivostok, and they have told of it
    When the actual work time of that month is transferred to 1C ZUP
    Then one operation has brought a shift of each site to 1C ZUP
    When 1C ZUP has confirmed the payroll of that month
    Then both sites, and no other, learn of it, each of its own employee
