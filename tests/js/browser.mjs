// What a browser gives the guides' code and Node.js 20 does not: a WebSocket whose binary frames are Blobs, and `msgpack`
// as a page has it from a script tag. Loaded with `node --import`.
import { appendFileSync } from "node:fs";
import * as msgpack from "@msgpack/msgpack";
import { WebSocket as Socket } from "ws";

class WebSocket extends Socket {
  constructor(...args) {
    super(...args);
    this.binaryType = "blob";
  }
}

globalThis.WebSocket = WebSocket;
globalThis.msgpack = msgpack;

/** Wait until *socket* is open. Write each frame it gets to the file FRAMES, and close it behind *last*. */
globalThis.opened = async (socket, last) => {
  socket.addEventListener("message", async ({ data }) => {
    const frame = msgpack.decode(new Uint8Array(await data.arrayBuffer()));
    appendFileSync(process.env.FRAMES, JSON.stringify(frame) + "\n");
    if (last(frame)) socket.close();
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
};

/** As much of a browser's EventSource as the guide needs. */
globalThis.EventSource ??= class {
  constructor(url) {
    this.abort = new AbortController();
    this.follow(url).catch((error) => {
      if (!this.abort.signal.aborted) throw error;
    });
  }

  async follow(url) {
    const response = await fetch(url, { headers: { Accept: "text/event-stream" }, signal: this.abort.signal });
    let rest = "";
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const events = (rest + text).split("\n\n");
      rest = events.pop();
      for (const event of events) this.tell(event);
    }
  }

  tell(event) {
    const data = event.split("\n").filter((line) => line.startsWith("data: "));
    if (data.length) this.onmessage({ data: data.map((line) => line.slice(6)).join("\n") });
  }

  close() {
    this.abort.abort();
  }
};
