@operations
Feature: The queue: priority, retries, dead letters
  Operations run by priority, first in first out inside of one; a transient failure is tried again after 30, 120 and
  300 s, then the operation is a dead letter until somebody redrives it. Seed section 5, A04 to A07, A36.

  Background:
    Given an employee hired before 2025-08-01

  @QUE-01 @write @admin
  Scenario: Four operations queued in reverse run as personnel_sync, schedule_upload, timesheet_request, report_export
    Given the queue is paused
    When these operations are queued
      | kind              |
      | report_export     |
      | timesheet_request |
      | schedule_upload   |
      | personnel_sync    |
    And the queue goes on
    Then all are completed
    And they began in this order
      | kind              |
      | personnel_sync    |
      | schedule_upload   |
      | timesheet_request |
      | report_export     |

  @QUE-02 @write @admin
  Scenario: Three schedule uploads of equal priority run in arrival order
    Given the queue is paused
    When 3 schedule uploads are queued
    And the queue goes on
    Then all are completed
    And they began in the order in which they were queued

  @QUE-03 @write @admin
  Scenario: A first-time success ends completed with one attempt and a result
    When a schedule upload is queued
    Then it is completed after 1 attempt
    And its result says that 1 shift was created

  @QUE-04 @write @fault @clock @admin
  Scenario: One upstream 503 is retried after 30 s, not at 29 s, and ends completed
    Given 1C ZUP answers 503 to the next 1 requests
    When a schedule upload is queued
    Then attempt 1 has failed and it waits
    When 29 seconds have passed since the failure
    Then it still waits, after 1 attempt
    When 30 seconds have passed since the failure
    Then it is completed after 2 attempts

  @QUE-05 @write @fault @clock @admin
  Scenario: A lasting 503 is tried at 0, 30, 150 and 450 s, then sits in the dead letter queue
    Given 1C ZUP answers 503
    When a schedule upload is queued
    And every retry has been waited for
    Then it was tried at these seconds
      | seconds |
      | 0       |
      | 30      |
      | 150     |
      | 450     |
    And it is among the dead letters
    And 1C ZUP was asked for sendSchedule 4 times

  @QUE-06 @write @fault @clock @admin
  Scenario: The dead letter shows SYNC_FAILED, attempt 3 and last_error "Connection timeout"
    Given 1C ZUP takes requests and never answers
    When a personnel sync is queued
    And every attempt has timed out after 30 seconds
    Then it is among the dead letters
    And its error is SYNC_FAILED, "Personnel sync failed", attempt 3, last error "Connection timeout"

  @QUE-07 @write @fault @admin
  Scenario: An upstream 400 fails at once: one attempt, no retry scheduled
    Given 1C ZUP refuses sendSchedule with 400
    When a schedule upload is queued
    Then it is among the dead letters
    And it was tried once, and no retry is due

  @QUE-08 @write @fault @clock @admin
  Scenario: Re-driving a dead letter after recovery completes it with a fresh attempt count
    Given 1C ZUP answers 503
    When a schedule upload is queued
    And every retry has been waited for
    Then it is among the dead letters
    When 1C ZUP works again
    And it is redriven
    Then it is completed, and its attempts count from 0 again
    And 1C ZUP has taken its schedule over once
