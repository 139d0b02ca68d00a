"use strict";
// Shows what the run sends over the WebSocket, and connects again when it breaks.
const at = (id) => document.getElementById(id);
const say = (text) => { if (at("state").textContent !== text) at("state").textContent = text; };
let retryMs = 500;

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
  say(state.trouble ?? (state.hand ? "A hand is in view." : "Hold a hand up to the camera."));
  for (const event of state.events) if (event.event === "word") speak(event.label);
}

function speak(word) {
  if (at("speak").getAttribute("aria-pressed") !== "true" || !("speechSynthesis" in window)) return;
  speechSynthesis.speak(new SpeechSynthesisUtterance(word.toLowerCase()));
}

function connect() {
  const socket = new WebSocket(`ws://${location.host}/api/live`);
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
  try { await navigator.clipboard.writeText(at("text").textContent); say("The text was copied."); }
  catch { say("The browser did not allow copying."); }
});
toggle("speak", (on) => { if (!on && "speechSynthesis" in window) speechSynthesis.cancel(); });
toggle("mirror", (on) => at("picture").classList.toggle("mirrored", on));
connect();
