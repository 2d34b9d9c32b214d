"""Takes hits from the spool into the database: claim, enrich, sessionise, store, acknowledge."""
