@personnel
Feature: When 1C ZUP fails (deadline and circuit breaker)
  A call ends after 30 s; five failures in a row keep the gateway from asking for 60 s, then one call is tried. Seed
  sections 5 and 7, A07 to A10.

  Background:
    Given an employee hired before 2025-08-01

  @BRK-01 @read @fault @clock
  Scenario: A silent 1C gives 504 UPSTREAM_TIMEOUT at 30 s, not before
    Given 1C ZUP takes requests and never answers
    When the norm is requested and 29 seconds pass
    Then there is no answer
    When 30 seconds have passed in all
    Then it is refused with 504 UPSTREAM_TIMEOUT

  @BRK-02 @read @fault @admin
  Scenario: After five failures the sixth call gets 503 CIRCUIT_OPEN, 1C is not called and MCE still answers
    Given 1C ZUP answers 503
    When the norm is requested 5 times
    Then each is refused with 502 SYNC_FAILED
    When the norm is requested
    Then it is refused with 503 CIRCUIT_OPEN
    And the reply says to try again within 60 seconds
    And 1C ZUP was asked for the norm 5 times
    And what does not need 1C ZUP still answers

  @BRK-03 @read @fault @admin
  Scenario: Four failures, a success and four failures leave it closed
    Given 1C ZUP answers 503 to the next 4 requests
    When the norm is requested 4 times
    Then each is refused with 502 SYNC_FAILED
    When the norm is requested
    Then the reply is 200 JSON
    Given 1C ZUP answers 503 to the next 4 requests
    When the norm is requested 4 times
    Then each is refused with 502 SYNC_FAILED
    And the breaker is closed
    When the norm is requested
    Then the reply is 200 JSON

  @BRK-04 @read @fault @clock @admin
  Scenario: Open at 59 s; at 60 s one of two parallel calls is let through and its success closes it
    Given 5 failures of 1C ZUP have opened the breaker
    And 1C ZUP works again, but takes 5 seconds to answer
    When 59 seconds have passed since it opened
    And the norm is requested
    Then it is refused with 503 CIRCUIT_OPEN
    And 1C ZUP was asked for the norm 5 times
    When 60 seconds have passed since it opened
    And the norm is requested twice at once
    Then one is answered by 1C ZUP and the other is refused with 503 CIRCUIT_OPEN
    And 1C ZUP was asked for the norm 6 times
    And the breaker is closed

  @BRK-05 @read @fault @clock @admin
  Scenario: A failed trial re-opens it for another 60 s
    Given 5 failures of 1C ZUP have opened the breaker
    And 1C ZUP answers 503
    When 60 seconds have passed since it opened
    And the norm is requested
    Then it is refused with 502 SYNC_FAILED
    And 1C ZUP was asked for the norm 6 times
    And the breaker is open again
    When 59 seconds have passed since it opened
    And the norm is requested
    Then it is refused with 503 CIRCUIT_OPEN
    And 1C ZUP was asked for the norm 6 times
    When 60 seconds have passed since it opened
    And the norm is requested
    Then it is refused with 502 SYNC_FAILED
    And 1C ZUP was asked for the norm 7 times
