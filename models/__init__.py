"""What flows through twinwatch: events in, incidents and dead letters out. No I/O and no clocks live here."""
