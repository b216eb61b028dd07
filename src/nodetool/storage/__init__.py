"""What outlives the process: workflows, jobs and their events, behind one writer."""
