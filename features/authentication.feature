@personnel
Feature: Who may ask (Basic authentication, x-session-id)
  The personnel API takes Basic credentials and nothing else. Seed sections 1 and 7.

  @AUT-01 @read
  Scenario: GetAgents without Authorization gives 401 with WWW-Authenticate: Basic
    When the agents are requested without credentials
    Then it is refused with 401 and a Basic challenge

  @AUT-02 @read
  Scenario: Wrong password and unknown user give the same 401 body
    When the agents are requested by an unknown user
    And the agents are requested with a wrong password
    Then both are refused with the same 401

  @AUT-03 @read
  Scenario: A Bearer token on the Basic-only personnel API gives 401
    When the agents are requested with a Bearer token
    Then it is refused with 401 and a Basic challenge

  @AUT-04 @read
  Scenario: Reply carries x-session-id; sending it back on the next call returns the same id
    When the agents are requested
    And the agents are requested again with the x-session-id of that reply
    Then both replies carry the same x-session-id
