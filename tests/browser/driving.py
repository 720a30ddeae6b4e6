"""Drives a real Chromium; and a server that notes each request."""

from __future__ import annotations

import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

if TYPE_CHECKING:
    from typing import Self

AXE = Path(__file__).parent.parent / "clients/node/node_modules/axe-core/axe.min.js"
#: The widths of a desktop and of a phone, and both colour schemes.
LOOKS = [
    (width, height, scheme)
    for width, height in ((1280, 860), (390, 844))
    for scheme in ("light", "dark")
]
TIMEOUT = 20
# The name of another site resolves to this machine, and no other name resolves at all.
_NAMES = "MAP evil.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
_ARGUMENTS = (
    "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "no-proxy-server",
    "disable-background-networking", "disable-component-update", "disable-sync",
)  # fmt: skip


def missing() -> str:
    """Return what is missing to drive a browser, if something is."""
    wanted = [program for program in ("chromium", "chromedriver") if not shutil.which(program)]
    return f"needs {' and '.join(wanted)}: .ci/install-programs" if wanted else ""


class Browser:
    """Chromium with a profile of its own."""

    def __init__(self, profile: Path) -> None:
        options = webdriver.ChromeOptions()
        for argument in (*_ARGUMENTS, f"host-resolver-rules={_NAMES}", f"user-data-dir={profile}"):
            options.add_argument(f"--{argument}")
        options.binary_location = shutil.which("chromium") or ""
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
        self.driver.set_script_timeout(TIMEOUT)
        self.driver.set_page_load_timeout(TIMEOUT)

    def look(self, width: int, height: int, scheme: str) -> None:
        """Set the size of the window and the colour scheme."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

    def open(self, url: str) -> None:
        """Load a page in the only window, even if only the fragment differs."""
        first, *others = self.driver.window_handles
        for window in others:
            self.driver.switch_to.window(window)
            self.driver.close()
        self.driver.switch_to.window(first)
        self.driver.get("about:blank")
        self.complaints()
        self.driver.get(url)

    def complaints(self) -> list[str]:
        """Return the console's lines since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until(self, condition: str) -> None:
        """Wait until this expression is true; it is evaluated whenever the page changes."""
        self.driver.execute_async_script(
            """
            const done = arguments[arguments.length - 1];
            const look = () => Boolean(eval(arguments[0]));
            if (look()) return done();
            new MutationObserver((_, observer) => {
              if (!look()) return;
              observer.disconnect();
              done();
            }).observe(document, {
              subtree: true, childList: true, attributes: true, characterData: true,
            });
            """.replace("eval(arguments[0])", condition)
        )

    def press(self, *keys: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def text(self, selector: str) -> str:
        """Return the visible text of the first element that matches."""
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def seen(self, selector: str) -> list[str]:
        """Return the texts of the visible elements that match."""
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return [element.text for element in found if element.is_displayed()]

    def focused(self) -> str:
        """Return the text of the element with the focus."""
        return str(self.driver.switch_to.active_element.text)

    def open_message(self, subject: str) -> None:
        """Click on the first row with this subject, and wait for its panel."""
        self.run(
            "[...document.querySelectorAll('.row')]"
            ".find((row) => row.dataset.subject === arguments[0]).click()",
            subject,
        )
        self.until("document.querySelector('#shown [role=tab]')")

    def choose_tab(self, name: str) -> None:
        """Click on a tab of the message that is open."""
        self.run(
            "[...document.querySelectorAll('[role=tab]')]"
            ".find((tab) => tab.textContent.startsWith(arguments[0])).click()",
            name,
        )

    def faults_of_accessibility(self) -> list[str]:
        """Return what axe-core finds that is serious or critical."""
        found = self.driver.execute_async_script(
            AXE.read_text(encoding="utf-8")
            + """;
            const done = arguments[arguments.length - 1];
            axe.run(document, { iframes: false }).then((result) => done(result.violations));
            """
        )
        return [
            f"{one['id']}: {one['help']}: {[node['html'] for node in one['nodes']]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    def picture(self, path: Path) -> Path:
        """Save a picture of the window."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(path))
        return path

    def close(self) -> None:
        self.driver.quit()


class Trap:
    """A server on loopback that notes what it was asked for, and serves one page."""

    def __init__(self, page: str = "") -> None:
        trap = self
        self.page = page
        self.asked: list[str] = []
        self._more = threading.Condition()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                # Browsers ask for an icon of a page by themselves.
                if self.path != "/favicon.ico":
                    with trap._more:
                        trap.asked.append(self.path)
                        trap._more.notify_all()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(trap.page.encode())

            do_POST = do_GET  # noqa: N815  # so the library calls it

            def log_message(self, *_: object) -> None:
                """Do not log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def is_asked_for(self, paths: set[str], timeout: float = 30) -> bool:
        """Return whether all of these were requested, now or within a generous time."""
        with self._more:
            return self._more.wait_for(lambda: paths <= set(self.asked), timeout)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
