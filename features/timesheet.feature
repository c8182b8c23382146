@personnel
Feature: Time types and actual work time (getTimetypeInfo, sendFactWorkTime)
  The vendor's shapes under the personnel base. Codes are those of form Т-13, in Cyrillic; days are Moscow days.

  @TMS-01 @read
  Scenario: getTimetypeInfo for July 2025 returns one entry per agent with AR_date, AR_N and four half-month totals
    Given up to 50 agents of July 2025
    When their time types of July 2025 are requested
    Then there is one entry per agent, in the order asked, with exactly these members
      | member      |
      | agentId     |
      | AR_date     |
      | AR_N        |
      | half1_days  |
      | half1_hours |
      | half2_days  |
      | half2_hours |

  @TMS-02 @read
  Scenario: Every timetype is a known Cyrillic code; Latin C, K, B or H never occur
    Given up to 50 agents of July 2025
    When their time types of July 2025 are requested
    Then every timetype is a known code in Cyrillic letters

  @TMS-03 @read
  Scenario: half1_hours + half2_hours equal worked hours (Я, Н, С, РВ, РВН) in AR_date
    Given up to 50 agents of July 2025
    When their time types of July 2025 are requested
    Then the hours of each half are the hours worked in it

  @TMS-04 @read
  Scenario: 51 agents in one request give 400 BATCH_TOO_LARGE
    Given 51 agents of July 2025
    When their time types of July 2025 are requested
    Then it is refused with 400 BATCH_TOO_LARGE

  @TMS-05 @read
  Scenario: No agent has both Б and ПР on one date (sick leave displaces truancy)
    Given all agents of July 2025, at most 500
    When their time types of July 2025 are requested, 50 agents at a time
    Then somebody was ill, and nobody has both Б and ПР on one date

  @TMS-06 @write
  Scenario: sendFactWorkTime plan/fact 0/8 day, 0/4 night, 8/0, 8/4, 8/10 yields РВ 8, РВН 4, НН 8, НН 4, С 2
    Given 1 employee who works all of next month
    When these days of next month are planned, and actual work time is sent
      | day | planned     | actual      |
      | 10  |             | 09:00–17:00 |
      | 12  |             | 22:00–02:00 |
      | 14  | 09:00–17:00 |             |
      | 16  | 09:00–17:00 | 09:00–13:00 |
      | 18  | 09:00–17:00 | 09:00–19:00 |
    Then getTimetypeInfo shows these deviations
      | day | timetype | hours |
      | 10  | РВ       | 8     |
      | 12  | РВН      | 4     |
      | 14  | НН       | 8     |
      | 16  | НН       | 4     |
      | 18  | С        | 2     |

  @TMS-07 @write
  Scenario: A loginfo period of -900000 ms creates no document: result false, doc null
    Given 1 employee who works all of next month
    When actual work time with a period of -900000 ms is sent
    Then the facts are refused: result false, doc null
