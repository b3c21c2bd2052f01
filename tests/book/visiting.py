"""A page of the built book in a real browser, as a reader comes to it: a mode and a size."""

from collections import defaultdict
from contextlib import ExitStack, contextmanager
from pathlib import Path

BOOK = Path(__file__).parent.parent.parent / "book"
PAGES = sorted(p.relative_to(BOOK).with_suffix("").as_posix() for p in BOOK.glob("[a-z]*/*.md"))
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}

# The second frame from now begins when the first has been drawn.
DRAWN = "() => new Promise(so => requestAnimationFrame(() => requestAnimationFrame(so)))"


def chosen(mode):
    """A script after which a page is light or dark, as somebody has chosen before."""
    return f"localStorage.setItem('mode', '{mode}'); localStorage.setItem('theme', '{mode}');"


class Reader:
    """Somebody who goes from page to page in windows that stay open, and forgets each page.

    To open a window costs a browser more than to show a page; what it has loaded before, it keeps.
    """

    def __init__(self, browser):
        self._browser = browser
        self._free = defaultdict(list)

    @contextmanager
    def window(self, *, script="", viewport=DESK, **options):
        """A window that shows nothing, and what it has shown is forgotten when it is left.

        Args:
            script: Runs before the scripts of each page.
            viewport: Its size.
            **options: Of a context of Playwright; each other choice is another window.
        """
        free = self._free[repr(sorted(options.items()))]
        page = free.pop() if free else self._browser.new_context(**options).new_page()
        try:
            page.set_viewport_size(viewport)
            with page.add_init_script(script):
                yield page
            for tab in page.context.pages:
                if tab is not page:
                    tab.close()
            page.evaluate("localStorage.clear(), sessionStorage.clear()")
            page.emulate_media(media="null")
            page.context.clear_permissions()
            page.goto("about:blank")
        except BaseException:  # nobody knows what state it is in
            page.context.close()
            raise
        free.append(page)


class Visit:
    """An open page, and everything it complained about or asked of others."""

    def __init__(self, reader, site, page, *, mode, size):
        self.mode = mode
        self._site = site
        self._address = f"{site}/{page}.html"
        self._window = reader.window(script=chosen(mode), viewport=size)
        self.complaints, self.strangers = [], []

    def __enter__(self):
        with ExitStack() as stack:
            self.page = stack.enter_context(self._window)
            self.context = self.page.context
            for event, hear in self._events().items():
                self.page.on(event, hear)
                stack.callback(self.page.remove_listener, event, hear)
            self.page.goto(self._address, wait_until="load")
            self.page.evaluate("() => window.MathJax ? MathJax.startup.promise : null")
            self._opened = stack.pop_all()
        return self

    def __exit__(self, *fault):
        self._opened.__exit__(*fault)

    def _events(self):
        return {
            "console": self._hear,
            "pageerror": lambda error: self.complaints.append(str(error)),
            "response": self._answer,
            "request": self._watch,
        }

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _answer(self, response):
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")

    def _watch(self, request):
        if not request.url.startswith((self._site, "data:", "blob:")):
            self.strangers.append(request.url)

    def wait_for_figures(self):
        """Every interactive figure is drawn."""
        if self.page.locator(".explorable").count():
            self.page.wait_for_selector(".explorable[data-ready=true]")

    def resize(self, size):
        """Make the window another size, and wait until the page is drawn so."""
        self.page.set_viewport_size(size)
        self.page.evaluate(DRAWN)
