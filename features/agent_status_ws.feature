@mce
Feature: Changes of agents' status as they happen (WebSocket)
  Each subscriber is told of each change once, in the order made. Seed section 2, A11 to A14.

  @WSK-01 @read
  Scenario: Upgrade on /ws/agent-status with a valid token succeeds with 101
    When a subscriber asks for the stream
    Then the stream is open

  @WSK-02 @read
  Scenario: Upgrade without a token is refused with 401 and no socket opens
    When a subscriber without a token asks for the stream
    Then the stream is refused with 401
    When a subscriber with a token that nobody has issued asks for the stream
    Then the stream is refused with 401

  @WSK-03 @write
  Scenario: A login event produces exactly one seven-key agent_status_change within 2 s
    Given an agent who is offline
    And a subscriber of the stream
    When the agent sends login
    And the agent sends logout
    Then the subscriber was told of each change once, within 2 s
    And each message has exactly the members event, agent_id, timestamp, old_status, new_status, call_id, queue

  @WSK-04 @write
  Scenario: on_call message carries CALL123 and support_queue; on_break message has both null
    Given an agent who is available
    And a subscriber of the stream
    When the agent sends call_start with CALL123 on support_queue
    And the agent sends call_end
    And the agent sends break_start
    Then the subscriber was told of each change once, within 2 s
    And the message of on_call has CALL123 and support_queue
    And the message of on_break has neither call nor queue

  @WSK-05 @write
  Scenario: Over three changes each old_status equals the previous new_status and time never goes back
    Given an agent who is offline
    And a subscriber of the stream
    When the agent sends login
    And the agent sends break_start
    And the agent sends logout
    Then the subscriber was told of each change once, within 2 s
    And each message goes on from the one before it, and none is earlier

  @WSK-06 @write
  Scenario: Two subscribers receive the same message for one event
    Given an agent who is offline
    And a subscriber of the stream
    And another subscriber of the stream
    When the agent sends login
    Then both subscribers were told the same

  @WSK-07 @read @fault
  Scenario: After a dropped socket the client reconnects and GET status equals the last known change
    Given a subscriber of the stream
    And a subscriber of the extended stream
    When an agent's status changes
    And the connections of both break
    And an agent's status changes meanwhile
    And both subscribe again
    Then GET status of the agent equals the last known change
    And nothing is told twice, and the extended stream has no gap
