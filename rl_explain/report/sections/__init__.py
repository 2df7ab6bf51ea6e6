"""The sections of a report, one topic each: results in, tables and charts out."""
