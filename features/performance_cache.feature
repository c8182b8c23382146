@operations
Feature: Performance and caches
  Queries under 2 s; replies are served again for 5 minutes, employees for an hour, the calendar for a day, the
  configuration until it changes. What makes them stale empties them at once. Seed section 9, A37.

  @PRF-01 @read
  Scenario: GetAgents and getNormHours each answer under 2 s in 19 of 20 calls
    Given an employee hired before 2025-08-01
    When agents and norm are each requested 20 times past the cache
    Then at least 19 of 20 answers of each came within 2 seconds

  @PRF-02 @read @admin
  Scenario: A repeated GetAgents within 5 minutes is a cache hit; no-cache forces an upstream call
    When the agents of today are requested twice
    Then 1C ZUP was asked for getAgents 1 times
    And the latest answer is a cache hit
    When the agents of today are requested past the cache
    Then 1C ZUP was asked for getAgents 2 times

  @PRF-03 @read @clock @admin
  Scenario: The response entry is still served at 299 s and refetched at 301 s
    When the agents of a fixed day are requested
    And 299 seconds have passed since it was asked for
    And the agents of a fixed day are requested
    Then the latest answer is a cache hit
    When 301 seconds have passed since it was asked for
    And the agents of a fixed day are requested
    Then the latest answer came from 1C ZUP

  @PRF-04 @read @clock @admin
  Scenario: Employee entries live 3600 s, calendar entries 86400 s, configuration until changed
    Given an employee hired before 2025-08-01
    And a personnel sync has run
    When employee, norm and mapping are asked for
    And 3599 seconds have passed since it was asked for
    Then employee, norm and mapping are cache hits
    When 3601 seconds have passed since it was asked for
    Then norm and mapping are cache hits, employee is not
    When 86401 seconds have passed since it was asked for
    Then mapping alone is a cache hit
    When the configuration is forgotten
    Then mapping is no cache hit

  @PRF-05 @write @admin
  Scenario: A successful personnel_sync empties cached agents at once
    When the agents of today are requested twice
    Then the latest answer is a cache hit
    When a personnel sync has run
    And the agents of today are requested
    Then the latest answer came from 1C ZUP

  @PRF-06 @read @fault @admin
  Scenario: A 503 is never cached and recovery drops the stale entry: next GET is fresh
    When the agents of a fixed day are requested
    And 1C ZUP answers 503
    And the agents of a fixed day are requested past the cache
    Then it is refused with 502 SYNC_FAILED
    When the agents of a fixed day are requested
    Then the latest answer is a cache hit
    When 1C ZUP works again
    And the agents of another day are requested
    And the agents of a fixed day are requested
    Then the latest answer came from 1C ZUP
