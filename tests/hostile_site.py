"""A web site that attacks whatever else listens on its visitor's machine, and a witness for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.browser import Tab
from tests.processes import eventually

# Every way in which a page may have a browser ask another origin; each of them comes to an end.
PAGE = """<!doctype html><title>hostile</title><body><script>
const attack = %s;
const over = (start) => Promise.race([
  new Promise(start).catch(() => {}), new Promise((end) => setTimeout(end, 3000)),
]);
const element = (name, attributes) => over((end) => {
  const one = Object.assign(document.createElement(name), attributes);
  one.onload = one.onerror = end;
  document.body.append(one);
});
let frames = 0;
const form = (method, url, enctype, fields) => over((end) => {
  const frame = Object.assign(document.createElement('iframe'), {name: 'f' + frames++});
  document.body.append(frame);
  const one = Object.assign(document.createElement('form'), {
    method, action: url, enctype, target: frame.name,
  });
  for (const [name, value] of fields)
    one.append(Object.assign(document.createElement('input'), {name, value}));
  document.body.append(one);
  frame.onload = end;
  one.submit();
});
window.read = [];
const asked = (url, given) => over((end) => fetch(url, given).then(
  (answer) => answer.text().then((text) => { read.push(text); end(); }), end,
));
const socket = (url, protocols, messages) => over((end) => {
  const one = new WebSocket(url, protocols);
  one.onopen = () => { messages.forEach((message) => one.send(message)); };
  one.onmessage = one.onerror = one.onclose = end;
});
(async () => {
  for (const url of attack.gets) {
    const [plain, fields] = [url.split('?')[0], [...new URL(url).searchParams]];
    await element('img', {src: url});
    await element('script', {src: url});
    await element('link', {rel: 'stylesheet', href: url});
    await element('iframe', {src: url});
    await element('iframe', {src: url, sandbox: ''});
    await form('get', plain, '', fields);
    for (const method of ['GET', 'HEAD', 'POST'])
      await asked(url, {method, mode: 'no-cors', credentials: 'include'});
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) await asked(url, {method});
    await over((end) => { new EventSource(url).onerror = end; });
  }
  for (const {url, body} of attack.posts) {
    navigator.sendBeacon(url, body);
    const fields = [[body.split('=')[0], body.split('=').slice(1).join('=')]];
    for (const enctype of
      ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
      await form('post', url, enctype, fields);
    for (const type of ['text/plain', 'application/json'])
      for (const mode of ['no-cors', 'cors'])
        await asked(url, {method: 'POST', mode, body, headers: {'Content-Type': type}});
  }
  for (const {url, protocols, messages} of attack.sockets) await socket(url, protocols, messages);
  window.isOver = true;
})();
</script>"""


@dataclass(frozen=True, slots=True)
class Attack:
    """What to ask: addresses by GET, bodies by POST, messages by WebSocket."""

    gets: Sequence[str]
    posts: Sequence[tuple[str, str]] = ()
    sockets: Sequence[tuple[str, Sequence[str], Sequence[str]]] = ()

    def page(self) -> str:
        """The page that does it."""
        attack = {
            "gets": self.gets,
            "posts": [{"url": url, "body": body} for url, body in self.posts],
            "sockets": [
                {"url": url, "protocols": protocols, "messages": messages}
                for url, protocols, messages in self.sockets
            ],
        }
        return PAGE % json.dumps(attack).replace("<", "\\u003c")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that reached the witness."""

    method: str
    has_body: bool
    is_upgrade: bool


class HostileSite:
    """Serves one page, and notes whatever else it is asked."""

    def __init__(self, port: int = 0) -> None:
        self.page = ""
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def attack(self, attack: Attack, tab: Tab) -> list[str]:
        """Have a visitor's browser do all of it, and go to each address at last.

        Returns:
            What the page could read, and what the visitor was shown.
        """
        self.page = attack.page()
        tab.show(f"{self.url}/hostile")
        eventually(lambda: tab.run("window.isOver"), within_seconds=240)
        texts = list(tab.run("read"))
        for url in attack.gets:
            tab.show(f"{self.url}/empty")
            assert tab.leave_for(url), f"{url} gave the visitor a file"
            texts.append(tab.run("document.documentElement.innerText"))
        return texts

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return self.answer_any
                raise AttributeError(name)

            def answer_any(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                pages = {"/hostile": site.page, "/empty": "<!doctype html>"}
                if self.path not in pages:
                    site.asked.append(Asked(self.command, bool(body), "Upgrade" in self.headers))
                content = pages.get(self.path, "").encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Say nothing."""

        return Handler

    def __enter__(self) -> HostileSite:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
