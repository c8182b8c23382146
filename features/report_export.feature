@export
Feature: Reports as files (export to BI systems)
  A report is asked for, made in the queue, and fetched as a workbook, a document, a signed PDF or a table.
  Seed section 4, A17 to A21.

  @RPT-01 @write
  Scenario: monthly_attendance xlsx 2025-07 for power_bi gives 202 with task_id and status queued
    When monthly_attendance of 2025-07 is asked for as xlsx for power_bi
    Then the export is accepted: it has a task_id, and is queued

  @RPT-02 @write
  Scenario: The finished XLSX opens as OOXML and holds at least one formula when include_formulas is true
    When monthly_attendance of 2025-07 is made as xlsx with formulas
    Then the file is a workbook, by its name and media type too
    And some of its cells are formulas, and show what they come to

  @RPT-03 @write
  Scenario: include_formulas false gives the same values and no formula cell
    When a report of 2025-07 is made as xlsx with and without formulas
    Then the one without has the same values and no formula

  @RPT-04 @write
  Scenario: DOCX export opens, is built from the template and leaves no unfilled placeholder
    When a report of 2025-07 is made as docx
    Then the file is a document, by its name and media type too
    And it has text around a table of rows
    And no field of the template is left unfilled

  @RPT-05 @write
  Scenario: PDF export starts with %PDF- and contains a signature field
    When a report of 2025-07 is made as pdf
    Then the file is a PDF, by its name and media type too
    And it is signed, and what was signed is what came

  @RPT-06 @write
  Scenario: CSV export is UTF-8 with BOM, `;` separated, one header and equal column counts
    When a report of 2025-07 is made as csv
    Then the file is a table, by its name and media type too
    And it is UTF-8 with a BOM, separated by semicolons
    And below one header line all lines have as many columns

  @RPT-07 @write
  Scenario: format "xls" and period "2025-13" give 400; unknown report_id gives 404 REPORT_NOT_FOUND
    When an export has a wrong member
      | member | value   |
      | format | xls     |
      | period | 2025-13 |
    Then each is refused with 400 VALIDATION_ERROR naming its member
    When no_such_report of 2025-07 is asked for as xlsx for power_bi
    Then it is refused with 404 REPORT_NOT_FOUND

  @RPT-08 @write
  Scenario: Export without a token gives 401; with an mce-scoped token 403 INSUFFICIENT_SCOPE
    When an export is asked for without a token
    Then it is refused with 401 and a Bearer challenge
    When an export is asked for with a token for MCE
    Then it is refused with 403 INSUFFICIENT_SCOPE

  @RPT-09 @read
  Scenario: Status and download of task RPT-00000000 give 404 TASK_NOT_FOUND
    When status and download of task RPT-00000000 are requested
    Then each is refused with 404 TASK_NOT_FOUND
