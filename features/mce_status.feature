@mce
Feature: What agents and queues do (MCE/Oktell, REST)
  Agents log in, take calls and breaks; queues have callers that wait. Seed section 2, A13 to A15.

  @MCE-01 @read
  Scenario: GET agents/status lists agent_id, status from the four known, since in UTC
    Given the contact centre knows of agents
    When what the agents do is requested
    Then the reply has exactly the members agents, total_count, sequence, as_of
    And total_count is the number of agents
    And agent_id is unique among the agents
    And every agent's status is one of offline, available, on_call, on_break
    And every agent's since is in UTC

  @MCE-02 @read
  Scenario: One agent's status agrees with the same agent in the list
    Given the contact centre knows of agents
    When what the agents do is requested
    Then the same is said of one agent who is asked for alone

  @MCE-03 @read
  Scenario: Status of agent MCE999999 gives 404 AGENT_NOT_FOUND
    When the status of MCE999999 is requested
    Then it is refused with 404 AGENT_NOT_FOUND

  @MCE-04 @read
  Scenario: No token, and Basic instead of Bearer, each give 401
    When what the agents do is requested without a token
    Then it is refused with 401 and a Bearer challenge
    When what the agents do is requested with Basic credentials
    Then it is refused with 401 and a Bearer challenge

  @MCE-05 @write
  Scenario: A login event moves an offline agent to available
    Given an agent who is offline
    When the agent sends login
    Then the change is from offline to available
    And the agent's status is available, without a call

  @MCE-06 @write
  Scenario: call_start with CALL123 on support_queue moves available to on_call and shows both values
    Given an agent who is available
    When the agent sends call_start with CALL123 on support_queue
    Then the change is from available to on_call
    And the agent's status is on_call, with CALL123 on support_queue

  @MCE-07 @write
  Scenario: break_start during a call gives 409 INVALID_TRANSITION and status stays on_call
    Given an agent who is available
    When the agent sends call_start with CALL123 on support_queue
    And the agent sends break_start
    Then it is refused with 409 INVALID_TRANSITION
    And the agent's status is on_call, with CALL123 on support_queue

  @MCE-08 @write
  Scenario: break_start then break_end moves available to on_break and back
    Given an agent who is available
    When the agent sends break_start
    Then the change is from available to on_break
    And the agent's status is on_break, without a call
    When the agent sends break_end
    Then the change is from on_break to available
    And the agent's status is available, without a call

  @MCE-09 @write
  Scenario: Repeating an identical logout event changes nothing the second time
    Given an agent who is available
    When the agent sends logout
    Then the change is from available to offline
    When the same event is sent again
    Then the reply is the same, and says that it is a duplicate
    And the agent's status is offline since that change

  @MCE-10 @read
  Scenario: support_queue metrics are non-negative integers; waiting 0 implies longest_wait 0
    Given the contact centre knows of a queue
    When the metrics of the queue are requested
    Then waiting, longest_wait and available_agents are whole numbers from 0 on
    And nobody has waited where nobody waits
