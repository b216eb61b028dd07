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
