@personnel
Feature: One error envelope
  Every error is application/json with error, code, message and details.timestamp; never problem+json. Seed section 5.

  @ERR-01 @read
  Scenario: A 400 is application/json with error true, code, message, details.timestamp and is not problem+json
    When the agents of 2025-07-31 to 2025-07-01 are requested
    Then it is refused with 400 INVALID_PERIOD
    And the error is the envelope, with a timestamp in UTC

  @ERR-02 @read
  Scenario: Truncated JSON to getNormHours gives 400 MALFORMED_JSON
    When getNormHours is sent the body {"employee_id": "EMP
    Then it is refused with 400 MALFORMED_JSON

  @ERR-03 @read
  Scenario: Missing period_start gives 400 with details.field period_start
    Given an employee hired before 2025-08-01
    When the norm is requested without period_start
    Then it is refused with 400 VALIDATION_ERROR naming period_start

  @ERR-04 @read
  Scenario: Unknown path gives 404, GET on getNormHours 405 with Allow: POST, unknown employee 404 EMPLOYEE_NOT_FOUND
    When GET /noSuchOperation is requested
    Then it is refused with 404 NOT_FOUND
    When GET /getNormHours is requested
    Then it is refused with 405 METHOD_NOT_ALLOWED
    And the header Allow is POST
    When the norm of an unknown employee is requested
    Then it is refused with 404 EMPLOYEE_NOT_FOUND

  @ERR-05 @read
  Scenario: text/plain body to getNormHours gives 415
    When getNormHours is sent a text/plain body
    Then it is refused with 415 UNSUPPORTED_MEDIA_TYPE

  @ERR-06 @read @fault
  Scenario: 1C answering HTML with 200, or agents without agent_id, gives 502 BAD_UPSTREAM_RESPONSE
    Given an employee hired before 2025-08-01
    And 1C ZUP answers HTML with 200
    When the norm is requested
    Then it is refused with 502 BAD_UPSTREAM_RESPONSE
    Given 1C ZUP lists agents without agent_id
    When the agents are requested past the cache
    Then it is refused with 502 BAD_UPSTREAM_RESPONSE
