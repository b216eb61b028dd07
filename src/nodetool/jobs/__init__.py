"""The life of a job: accepted, queued, run, followed, cancelled, ended."""
