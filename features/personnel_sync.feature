@operations
Feature: Personnel sync into the central employee store
  1C's staff of the Moscow day, in batches of 500, changes only. Who is not listed any more is inactive from that day;
  a reply that is empty or short deactivates nobody. Seed sections 5, 6, 8 and 9, A41, A42.

  @SYN-01 @write @admin
  Scenario: 513 agents are processed as batches of 500 and 13
    When a personnel sync has run
    Then every agent that 1C ZUP lists today was processed, in batches of 500 and the rest

  @SYN-02 @write @admin
  Scenario: An agent new in 1C appears in Central with external_employee_id equal to agent_id
    Given a personnel sync has run
    And an agent has been hired in 1C ZUP today
    When a personnel sync has run
    Then the agent is an active employee whose external_employee_id is the agent_id
    And the sync created 1, updated 0 and deactivated 0

  @SYN-03 @write @admin
  Scenario: norm_week 40→20 in 1C changes standard_hours to 20 and no other field
    Given a personnel sync has run
    And an agent of 40 hours a week
    When the agent's norm_week in 1C ZUP becomes 20
    And a personnel sync has run
    Then standard_hours is 20 and no other field has changed
    And the sync created 0, updated 1 and deactivated 0

  @SYN-04 @write @clock @admin
  Scenario: An agent dismissed on 2025-07-20 is active that day and inactive on 2025-07-21
    Given a personnel sync has run
    And an agent is dismissed on a later day
    When that day has come in Moscow
    And a personnel sync has run
    Then the agent is an active employee
    When the day after has come in Moscow
    And a personnel sync has run
    Then the agent is inactive from that day
    And the sync created 0, updated 0 and deactivated 1

  @SYN-05 @write @fault @admin
  Scenario: Reply with total_count 513 but no agents fails the sync and deactivates nobody
    Given a personnel sync has run
    And 1C ZUP lists no agents, but counts them all
    When a personnel sync is queued
    Then attempt 1 has failed and it waits
    And nobody was deactivated
