// Run a workflow and watch it, event by event, over HTTP.
//
//   node run_workflow_streaming.js WORKFLOW_ID ['{"name": "Ada"}']
//
// NODETOOL_URL says where the server is (http://127.0.0.1:8000); NODETOOL_TOKEN is sent if it is set. Needs Node.js 18 or
// newer and no packages. Outputs go to stdout, all else to stderr. A connection that breaks is taken up where it was cut;
// Ctrl-C cancels the run. Exit codes: 0 completed, 1 failed or refused, 130 cancelled.

const BASE = process.env.NODETOOL_URL ?? "http://127.0.0.1:8000";
const PATIENCE = 60; // seconds that a server may be away

/** What the server refuses: asking again would not help. */
class Refused extends Error {}

async function call(path, options = {}) {
  const headers = { "Content-Type": "application/json", ...options.headers };
  if (process.env.NODETOOL_TOKEN) headers.Authorization = `Bearer ${process.env.NODETOOL_TOKEN}`;
  const response = await fetch(BASE + path, { ...options, headers });
  if (response.ok) return response;
  const problem = await response.json();
  if (response.status === 503) throw new Error(problem.detail);
  throw new Refused(`${problem.code}: ${problem.detail}`);
}

/** The events in a response: a line each, however the stream is cut into pieces. */
async function* eventsIn(response) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of response.body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop(); // half a line, perhaps: its other half comes with the next piece
    for (const line of lines) {
      if (line !== "") yield JSON.parse(line); // an empty line is a sign of life
    }
  }
}

/** Every event of a job, once and in order. Events are numbered and kept, so a lost connection loses none. */
async function* follow(jobId, response) {
  let seen = 0;
  let heard = Date.now();
  for (;;) {
    try {
      for await (const event of eventsIn(response)) {
        [seen, heard] = [event.seq, Date.now()];
        yield event;
        if (isLast(event)) return;
      }
    } catch {
      // cut in the middle, which is as good as ended too early
    }
    console.error(`connection lost, going on behind event ${seen}`);
    response = await again(() => call(`/api/jobs/${jobId}/events?after=${seen}`, { headers: LINES }), heard);
  }
}

const LINES = { Accept: "application/x-ndjson" };

/** Try *ask* until it answers, is refused, or the server was away for too long. */
async function again(ask, heard) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Refused || Date.now() - heard > PATIENCE * 1000) throw error;
    }
  }
}

function isLast(event) {
  return event.type === "job_update" && ["completed", "failed", "cancelled"].includes(event.status);
}

function show(event) {
  switch (event.type) {
    case "job_update":
      console.error("Job:", event.status, event.message ?? "");
      break;
    case "node_update":
      console.error("Node:", event.node_name, event.status, event.error ?? "");
      break;
    case "node_progress":
      console.error("Progress:", event.node_name, `${Math.round((event.progress / event.total) * 100)} %`);
      break;
    case "output_update":
      console.error("Output:", event.output_name, event.value);
      break;
  }
}

async function main([workflowId, params = "{}"]) {
  if (!workflowId) throw new Error("usage: node run_workflow_streaming.js WORKFLOW_ID [PARAMS]");
  const response = await call(`/api/workflows/${encodeURIComponent(workflowId)}/run?stream=true`, {
    method: "POST",
    body: JSON.stringify({ params: JSON.parse(params) }),
  });
  const jobId = response.headers.get("Nodetool-Job-Id");
  process.once("SIGINT", () => call(`/api/jobs/${jobId}/cancel`, { method: "POST" }).catch(console.error));

  let last;
  for await (const event of follow(jobId, response)) {
    show(event);
    last = event;
  }
  if (last.status === "failed") throw new Error(`${last.code}: ${last.error}`);
  if (last.status === "cancelled") process.exitCode = 130;
  else console.log(JSON.stringify(last.result, null, 2));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.cause ? `no answer from ${BASE}: ${error.cause.code ?? error.cause.message}` : error.message);
  process.exitCode = 1;
});
