// Run a workflow and watch it, event by event, over the WebSocket.
//
//   npm install ws @msgpack/msgpack
//   node run_workflow_websocket.js WORKFLOW_ID ['{"name": "Ada"}']
//
// NODETOOL_URL says where the server is (http://127.0.0.1:8000); NODETOOL_TOKEN is sent if it is set. Needs Node.js 18 or
// newer. Outputs go to stdout, all else to stderr. A connection that breaks is taken up where it was cut; Ctrl-C cancels
// the run. Exit codes: 0 completed, 1 failed or refused, 130 cancelled.

const BASE = process.env.NODETOOL_URL ?? "http://127.0.0.1:8000";
const PATIENCE = 60; // seconds that a server may be away

/** What the server refuses: asking again would not help. */
class Refused extends Error {}

/** One run, over as many connections as it takes. */
class Run {
  constructor(WebSocket, msgpack) {
    this.WebSocket = WebSocket;
    this.msgpack = msgpack;
    this.jobId = null;
    this.seen = 0; // the `seq` of the newest event
    this.last = null; // the terminal event
    this.isCancelling = false;
  }

  /** Run a workflow to its end, and return its last event. */
  async go(workflowId, params) {
    await this.talk("run_job", { workflow_id: workflowId, params });
    let away = Date.now();
    while (!this.last) {
      if (!this.jobId) throw new Error("the connection broke before the job was accepted");
      console.error(`connection lost, going on behind event ${this.seen}`);
      await new Promise((resolve) => setTimeout(resolve, 300));
      try {
        await this.talk("reconnect_job", { job_id: this.jobId, after: this.seen });
        away = Date.now();
      } catch (error) {
        if (error instanceof Refused || Date.now() - away > PATIENCE * 1000) throw error;
      }
    }
    return this.last;
  }

  /** Open a connection, send a command, and take what comes until the connection ends. */
  talk(command, data) {
    const token = process.env.NODETOOL_TOKEN;
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    this.socket = new this.WebSocket(`${BASE.replace(/^http/, "ws")}/predict`, { headers });
    this.socket.binaryType = "arraybuffer";
    this.socket.on("ping", () => this.watch()); // the server sends one every 20 seconds
    return new Promise((resolve, reject) => {
      this.socket.onopen = () => {
        this.watch();
        this.send(command, data);
        if (this.isCancelling) this.send("cancel_job");
      };
      this.socket.onmessage = ({ data }) => this.take(this.msgpack.decode(new Uint8Array(data)), reject);
      this.socket.onerror = ({ error }) => reject(error);
      this.socket.onclose = ({ code, reason }) => {
        clearTimeout(this.alarm);
        if (code === 1008) reject(new Refused(reason));
        else resolve();
      };
    });
  }

  /** Give up a connection on which nothing comes any more. */
  watch() {
    clearTimeout(this.alarm);
    this.alarm = setTimeout(() => this.socket.terminate(), 45_000);
  }

  send(command, data = {}) {
    this.socket.send(this.msgpack.encode({ command, data }));
  }

  /** Ask for the end of the run, the newest of this connection. It comes as its last event. */
  cancel() {
    this.isCancelling = true;
    if (this.socket.readyState === this.WebSocket.OPEN) this.send("cancel_job");
  }

  /** Take a reply, which has no `seq`, or an event. */
  take(message, reject) {
    if (message.type === "error") {
      reject(new Refused(`${message.code}: ${message.error}`));
      this.socket.close();
    } else if (message.command === "run_job") {
      this.jobId = message.job_id;
    } else if (message.seq) {
      this.seen = message.seq;
      show(message);
      if (isLast(message)) {
        this.last = message;
        this.socket.close();
      }
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
  if (!workflowId) throw new Error("usage: node run_workflow_websocket.js WORKFLOW_ID [PARAMS]");
  const { WebSocket } = await import("ws");
  const run = new Run(WebSocket, await import("@msgpack/msgpack"));
  process.once("SIGINT", () => run.cancel());

  const last = await run.go(workflowId, JSON.parse(params));
  if (last.status === "failed") throw new Error(`${last.code}: ${last.error}`);
  if (last.status === "cancelled") process.exitCode = 130;
  else console.log(JSON.stringify(last.result, null, 2));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.code ? `no answer from ${BASE}: ${error.code}` : error.message);
  process.exitCode = 1;
});
