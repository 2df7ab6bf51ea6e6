"""Many runs, one table: methods, seeds and data sets compared."""
