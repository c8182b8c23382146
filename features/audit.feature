@operations
Feature: The audit trail
  Every call leaves a record before it is answered: who, what, when, how it ended, and how the data is classified.
  Seed section 10, A35.

  @AUD-01 @read @admin
  Scenario: One GetAgents call leaves one record with both times, principal, operation, payload, status, duration, retries
    When the agents are requested past the cache with a request id of our own
    Then the audit trail has one inbound record of it, with times, principal, operation, status, duration and retries
    And one outbound record of the call to 1C ZUP with the same request id

  @AUD-02 @read @admin
  Scenario: A rejected getNormHours (400) is recorded with its error details
    Given an employee hired before 2025-08-01
    When a norm with a weekly norm of 61 is requested with a request id of our own
    Then the audit trail has the refusal: 400, VALIDATION_ERROR, weekly_norm, and the payload

  @AUD-03 @read @admin
  Scenario: After a token request no password, Authorization value or JWT occurs anywhere in the audit log
    Given a token has been used, and sent where it does not belong
    And tokens have been asked for with a right and with a wrong password
    When all records are read
    Then none holds a password, an Authorization value or a token

  @AUD-04 @write @fault @clock @admin
  Scenario: A dead-lettered upload is recorded with 3 retries and the last error
    Given an employee hired before 2025-08-01
    And 1C ZUP answers 503
    When a schedule upload is queued
    And every retry has been waited for
    Then it is among the dead letters
    And the audit trail has its end: schedule_upload, 3 retries, and what 1C ZUP said last

  @AUD-05 @read @admin
  Scenario: Records carry personal_data, 3_years, in_transit and gdpr_compliant true
    When the agents are requested past the cache with a request id of our own
    Then its records carry personal_data, 3_years, in_transit and gdpr_compliant true
    And those of calls without TLS carry a warning
