"use strict";
// Shows what the run sends over the WebSocket, and connects again when it breaks.
const at = (id) => document.getElementById(id);
const say = (text) => { if (at("state").textContent !== text) at("state").textContent = text; };
const ROOT = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;
const SENT_PX = 640, QUALITY = 0.8, LEAST_MS = 40;  // of the camera's pictures: 25 a second at most
let retryMs = 500;
let lent = null;  // the camera of this browser, while the run reads it

function show(state) {
  at("letter").textContent = state.label ?? "–";
  at("top").replaceChildren(...state.top.map(([label, score]) => {
    const row = document.createElement("li");
    const name = document.createElement("span");
    const value = document.createElement("span");
    name.textContent = label;
    value.textContent = `${Math.round(score * 100)} %`;
    row.append(name, value);
    return row;
  }));
  if (at("text").textContent !== state.text) at("text").textContent = state.text;
  const figures = [`${state.fps} frames a second`, `${state.busy_ms} ms a frame`];
  if (state.temperature_c !== null) figures.push(`${Math.round(state.temperature_c)} °C`);
  at("figures").textContent = figures.join(" · ");
  at("lend").hidden = state.camera === null || (state.camera === "used" && lent === null);
  say(state.trouble ?? (state.hand ? "A hand is in view." : "Hold a hand up to the camera."));
  for (const event of state.events) if (event.event === "word") speak(event.label);
}

function speak(word) {
  if (at("speak").getAttribute("aria-pressed") !== "true" || !("speechSynthesis" in window)) return;
  speechSynthesis.speak(new SpeechSynthesisUtterance(word.toLowerCase()));
}

function connect() {
  const socket = new WebSocket(`${ROOT}/api/live`);
  socket.onopen = () => {
    retryMs = 500;
    at("picture").src = `/picture.mjpg?${Date.now()}`;
  };
  socket.onmessage = (message) => show(JSON.parse(message.data));
  socket.onclose = () => {
    say("The run does not answer; connecting again…");
    setTimeout(connect, retryMs);
    retryMs = Math.min(2 * retryMs, 10000);
  };
}

function copySelected(element) {
  const selection = getSelection();
  selection.selectAllChildren(element);
  const copied = document.execCommand("copy");
  selection.removeAllRanges();
  if (!copied) throw new Error("not allowed");
}

async function lend() {
  if (!navigator.mediaDevices) {
    say("This browser lends its camera only to encrypted pages (https) or to those of this machine.");
    return release();
  }
  const video = document.createElement("video");
  video.muted = video.playsInline = true;
  try {
    lent = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
    video.srcObject = lent;
    await video.play();
  } catch (error) {
    say(error.name === "NotAllowedError" ? "The camera was not allowed." : "There is no camera here.");
    return release();
  }
  const canvas = document.createElement("canvas");
  const scale = Math.min(1, SENT_PX / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  const socket = new WebSocket(`${ROOT}/api/camera`);
  let sentMs = 0;
  const send = () => {  // the newest picture, once the last one has arrived
    if (lent === null) { socket.close(); return; }
    sentMs = performance.now();
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((jpeg) => { if (socket.readyState === WebSocket.OPEN) socket.send(jpeg); }, "image/jpeg", QUALITY);
  };
  socket.onopen = send;
  socket.onmessage = () => setTimeout(send, Math.max(0, sentMs + LEAST_MS - performance.now()));
  socket.onclose = (event) => {
    if (lent !== null && event.reason) say(`The camera is not used: ${event.reason}.`);
    release();
  };
}

function release() {
  if (lent !== null) for (const track of lent.getTracks()) track.stop();
  lent = null;
  at("lend").setAttribute("aria-pressed", "false");
  at("lend").textContent = "Use this camera";
}

function toggle(id, act) {
  at(id).addEventListener("click", () => {
    const on = at(id).getAttribute("aria-pressed") !== "true";
    at(id).setAttribute("aria-pressed", String(on));
    act(on);
  });
}

for (const edit of ["space", "delete", "clear"]) {
  at(edit).addEventListener("click", async () => {
    try { await fetch(`/api/edit/${edit}`, { method: "POST" }); } catch { say("The run does not answer."); }
  });
}
at("copy").addEventListener("click", async () => {
  const text = at("text").textContent;
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copySelected(at("text"));  // pages of another machine without https have no clipboard
    say("The text was copied.");
  } catch { say("The browser did not allow copying."); }
});
toggle("speak", (on) => { if (!on && "speechSynthesis" in window) speechSynthesis.cancel(); });
toggle("lend", (on) => {
  at("lend").textContent = on ? "Stop this camera" : "Use this camera";
  if (on) lend(); else release();
});
toggle("mirror", (on) => at("picture").classList.toggle("mirrored", on));
connect();
if (location.hash === "#camera") at("lend").click();
