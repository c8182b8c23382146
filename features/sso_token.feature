@sso
Feature: Who somebody is (LDAP, Active Directory), and a token that says so
  A user of the directory gets a token for one system, for an hour. Seed section 3, A16 to A18.

  @SSO-01 @read
  Scenario: ivan.ivanov, ldap, 1c_zup: Bearer, expires_in 3600, scope 1c_zup_integration
    When the user of the directory asks for a token for 1c_zup
    Then the reply has exactly the members access_token, token_type, expires_in, scope
    And it is a Bearer token for 3600 seconds with scope 1c_zup_integration

  @SSO-02 @read
  Scenario: Token header typ is JWT with alg not none; sub is the username and exp - iat is 3600
    When the user of the directory asks for a token for 1c_zup
    Then the token's header has typ JWT and an alg that signs
    And the token's sub is the user, its aud 1c_zup, and exp - iat is 3600
    And the keys that the host publishes verify it, where there are any

  @SSO-03 @read
  Scenario: Scope follows the target: mce gives mce_integration, reports gives reports_integration
    When the user of the directory asks for a token for mce
    Then it is a Bearer token for 3600 seconds with scope mce_integration
    When the user of the directory asks for a token for reports
    Then it is a Bearer token for 3600 seconds with scope reports_integration

  @SSO-04 @read
  Scenario: Wrong password gives 401 INVALID_CREDENTIALS without access_token
    When a token is asked for with a wrong password
    Then it is refused with 401 INVALID_CREDENTIALS
    And there is no token in the reply

  @SSO-05 @read
  Scenario: Unknown user no.such.user gets the same body as a wrong password
    When a token is asked for by the unknown user no.such.user
    And a token is asked for with a wrong password
    Then both are refused with the same 401 INVALID_CREDENTIALS

  @SSO-06 @read
  Scenario: target_system "sap" and auth_type "kerberos" each give 400 VALIDATION_ERROR
    When tokens are asked for with target_system sap, and with auth_type kerberos
    Then each is refused with 400 VALIDATION_ERROR naming its member
    And there is no token in any of the replies

  @SSO-07 @read
  Scenario: Username `*)(sAMAccountName=*` matches nobody: 401, no token
    When a token is asked for by *)(sAMAccountName=*
    Then it is refused with 401 INVALID_CREDENTIALS
    And there is no token in the reply
    When tokens are asked for by names that would be filters
    Then each is refused with 401 INVALID_CREDENTIALS
    And there is no token in any of the replies

  @SSO-08 @read
  Scenario: A token with one signature character changed gives 401 TOKEN_INVALID on MCE
    Given the user of the directory has a token for mce
    When MCE is asked with the token
    Then the reply is 200 JSON
    When MCE is asked with one character of the signature changed
    Then it is refused with 401 TOKEN_INVALID

  @SSO-09 @read @clock
  Scenario: A token works at 3599 s and gives 401 TOKEN_EXPIRED at 3601 s
    Given a directory whose clock and faults are ours
    When MCE is asked with a token that is 3599 seconds old
    Then the reply is 200 JSON
    When MCE is asked with the same token 2 seconds later
    Then it is refused with 401 TOKEN_EXPIRED

  @SSO-10 @read @fault
  Scenario: With LDAP down the request gives 503 LDAP_UNAVAILABLE within 30 s and no token
    Given a directory whose clock and faults are ours
    And the directory takes no connections
    When the user of the directory asks for a token for 1c_zup
    Then it is refused with 503 LDAP_UNAVAILABLE
    And there is no token in the reply
    Given the directory takes requests and never answers
    When the user of the directory asks for a token for 1c_zup and waits for 30 seconds
    Then it is refused with 503 LDAP_UNAVAILABLE
    And there is no token in the reply
