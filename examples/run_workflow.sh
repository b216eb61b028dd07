#!/bin/sh
# Run a workflow and print its job, which has the outputs as its `result`.
#
#   ./run_workflow.sh WORKFLOW_ID ['{"name": "Ada"}']
#   ./run_workflow.sh greeting '{"name": "Ada"}' | jq .result
#
# NODETOOL_URL says where the server is (http://127.0.0.1:8000); NODETOOL_TOKEN is sent if it is set. Needs curl only.
# The run is started, then waited for: a connection that breaks is made again, and Ctrl-C cancels the run. Exit codes:
# 0 completed, 1 failed or refused, 130 cancelled. For a short run one call is enough:
#
#   curl -X POST "$NODETOOL_URL/api/workflows/WORKFLOW_ID/run" -H "Content-Type: application/json" -d '{"params": {}}'
set -eu

base=${NODETOOL_URL:-http://127.0.0.1:8000}
id=${1:?usage: run_workflow.sh WORKFLOW_ID [PARAMS]}
params=${2:-"{}"}

# What the server refuses is a problem document on stdout, and a failure.
call() {
    curl --silent --show-error --fail-with-body --retry 60 --retry-delay 1 --retry-all-errors \
        ${NODETOOL_TOKEN:+--header} ${NODETOOL_TOKEN:+"Authorization: Bearer $NODETOOL_TOKEN"} "$@"
}

# Started without retries: a second try could start a second job.
job=$(call --retry 0 --header "Content-Type: application/json" --data "{\"params\": $params}" \
    "$base/api/workflows/$id/jobs") || { echo "$job" >&2; exit 1; }
job=${job#*'"job_id":"'}
url=$base/api/jobs/${job%%'"'*}

trap 'trap - INT; call --output /dev/null --request POST "$url/cancel"' INT
echo "Job: $url" >&2

# A page of events ends with the number of its last event and the status of the job.
after=0
status=running
while [ "$status" = running ] || [ "$status" = queued ]; do
    page=$(call "$url/events?after=$after&wait=30") || { [ $? -gt 128 ] && continue; exit 1; } # Ctrl-C: wait for the end
    page=${page##*'"next_after":'}
    after=${page%%,*}
    status=${page##*'"status":"'}
    status=${status%%'"'*}
done

call "$url"
echo
case $status in
    completed) ;;
    cancelled) exit 130 ;;
    *) exit 1 ;;
esac
