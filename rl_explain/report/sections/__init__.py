"""The sections of a report, one topic per file; each turns results into tables and charts."""
