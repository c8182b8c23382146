@personnel
Feature: Agents of a period (getAgents)
  1C ZUP tells who works in a period: everyone employed on a day of it, in one reply. Seed section 1.1.

  @PER-01 @read
  Scenario: GET /agents/2025-07-01/2025-07-31 returns 200 JSON with exactly agents, total_count, sync_timestamp
    When the agents of 2025-07-01 to 2025-07-31 are requested
    Then the reply is 200 JSON
    And the reply has exactly the members agents, total_count, sync_timestamp

  @PER-02 @read
  Scenario: Every agent has the ten seed fields with right types and no undeclared ones
    When the agents of 2025-07-01 to 2025-07-31 are requested
    Then every agent has exactly these fields
      | field           | type         |
      | agent_id        | text         |
      | tab_number      | text         |
      | lastname        | text         |
      | firstname       | text         |
      | secondname      | text or null |
      | position_id     | text         |
      | department_id   | text         |
      | start_work      | date         |
      | norm_week       | number       |
      | employment_rate | number       |

  @PER-03 @read
  Scenario: total_count equals the number of agents
    When the agents of 2025-07-01 to 2025-07-31 are requested
    Then total_count is the number of agents

  @PER-04 @read
  Scenario: agent_id and tab_number are each unique in the reply
    When the agents of 2025-07-01 to 2025-07-31 are requested
    Then agent_id is unique among the agents
    And tab_number is unique among the agents

  @PER-05 @read
  Scenario: Names arrive as UTF-8 Cyrillic: no U+FFFD, "?" runs or mojibake
    When the agents of 2025-07-01 to 2025-07-31 are requested
    Then the names are undamaged Cyrillic

  @PER-06 @read
  Scenario: secondname is null or a non-blank string, never "" or " "
    When the agents of 2025-07-01 to 2025-07-31 are requested
    Then secondname is null or not blank

  @PER-07 @read
  Scenario: start_work is YYYY-MM-DD and not after 2025-07-31
    When the agents of 2025-07-01 to 2025-07-31 are requested
    Then start_work is a date not after 2025-07-31

  @PER-08 @read
  Scenario: norm_week is above 0 and at most 60; employment_rate above 0 and at most 1.5
    When the agents of 2025-07-01 to 2025-07-31 are requested
    Then norm_week is above 0 and at most 60
    And employment_rate is above 0 and at most 1.5

  @PER-09 @read
  Scenario: sync_timestamp ends in Z and is no more than 60 s ahead of the Date header
    When the agents of 2025-07-01 to 2025-07-31 are requested
    Then sync_timestamp is UTC and at most 60 s ahead of the Date header

  @PER-10 @read
  Scenario: A one-day period 2025-07-15/2025-07-15 is accepted with 200
    When the agents of 2025-07-15 to 2025-07-15 are requested
    Then the reply is 200 JSON
    And total_count is the number of agents

  @PER-11 @read
  Scenario: Reversed period 2025-07-31/2025-07-01 gives 400 INVALID_PERIOD
    When the agents of 2025-07-31 to 2025-07-01 are requested
    Then it is refused with 400 INVALID_PERIOD

  @PER-12 @read
  Scenario: 2025-02-30 and 01.07.2025 as startDate each give 400 VALIDATION_ERROR naming startDate
    When the agents of each of these periods are requested
      | startDate  | endDate    |
      | 2025-02-30 | 2025-07-31 |
      | 01.07.2025 | 2025-07-31 |
    Then each is refused with 400 VALIDATION_ERROR naming startDate
