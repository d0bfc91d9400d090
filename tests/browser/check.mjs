// Checks the pages of every folder in FOLDER in BROWSER with the npm packages under MODULES; see tests/browser/run.
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { MODULES, BROWSER, FOLDER, SCREENSHOTS } = process.env;
const require = createRequire(join(MODULES, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const WIDTHS = { desk: 1280, telephone: 390 };
const MOST_BYTES = 1_000_000;
// The pages, and what each one's way past the navigation leads to.
const PAGES = { "dictionary.html": "#entities", "report.html": "#report", "report-public.html": "#report" };

let passed = 0;
let failed = 0;
function expect(claim, isTrue, found = "") {
  if (isTrue) {
    passed += 1;
    return;
  }
  failed += 1;
  console.log(`FAILED ${claim}${found === "" ? "" : `: ${found}`}`);
}

// What a screen reader or a keyboard meets; runs in the page.
function survey() {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const levels = all("h1, h2, h3, h4, h5, h6").map((heading) => Number(heading.tagName[1]));
  const ids = all("[id]").map((element) => element.id);
  const wide = all("body *").filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5);
  return {
    scrolls: document.documentElement.scrollWidth,
    // What sticks out without scrolling the page is cut off, except what waits off screen to be focused.
    wide: wide.filter((element) => !element.closest(".scrolls")).map((element) => element.outerHTML.slice(0, 120)),
    language: document.documentElement.lang,
    title: document.title,
    h1: levels.filter((level) => level === 1).length,
    jumps: levels.filter((level, place) => place > 0 && level > levels[place - 1] + 1).length,
    repeated: ids.filter((id, place) => ids.indexOf(id) !== place),
    dead: all('a[href^="#"]').map((a) => a.getAttribute("href").slice(1)).filter((id) => !document.getElementById(id)),
    landmarks: ["header", "nav", "main"].filter((name) => all(name).length !== 1),
    // A drawing is named, or stands beside words that say the same.
    unnamed: all("svg:not([aria-hidden])").filter((svg) => {
      const name = (id) => document.getElementById(id)?.textContent ?? "";
      const named = (svg.getAttribute("aria-labelledby") ?? "").split(" ").map(name).join("");
      return svg.getAttribute("role") !== "img" || !(svg.getAttribute("aria-label") || named);
    }).length,
    headless: all("table").filter((table) => !table.querySelector("th[scope]")).length,
    drawn: all("svg").length,
    // Text of a drawing that leaves the drawing, or covers the text beside it, cannot be read.
    spilt: all("svg").flatMap((svg) => {
      const frame = svg.getBoundingClientRect();
      const boxes = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
      const out = ([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
      const covers = ([, a], place) =>
        boxes.slice(0, place).some(([, b]) =>
          a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4);
      return boxes.filter((box, place) => out(box) || covers(box, place)).map(([text]) => text);
    }),
    stops: all("a[href], summary, [tabindex='0']").length,
  };
}

async function check(browser, spec, name, device, scheme) {
  const width = WIDTHS[device];
  const context = await browser.newContext({ viewport: { width, height: 844 }, colorScheme: scheme });
  const page = await context.newPage();
  const errors = [];
  const requests = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  const file = join(FOLDER, spec, name);
  await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
  if (SCREENSHOTS) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: join(SCREENSHOTS, `${spec}-${name}-${device}-${scheme}.png`), fullPage: true });
  }

  const on = `${spec}, ${name}, ${device}, ${scheme}`;
  const found = await page.evaluate(survey);
  expect(`${on}: nothing scrolls sideways`, found.scrolls <= width, `${found.scrolls} px wide`);
  expect(`${on}: nothing is cut off`, found.wide.length === 0, found.wide.slice(0, 3).join("\n"));
  expect(`${on}: drawings keep their text apart and inside`, found.spilt.length === 0, found.spilt.slice(0, 5).join(", "));
  expect(`${on}: no errors`, errors.length === 0, errors.join("; "));
  expect(`${on}: nothing is fetched`, requests.length === 1, requests.slice(1).join(", "));

  if (device === "desk" && scheme === "light") {
    const bytes = statSync(file).size;
    expect(`${on}: small enough to send around`, bytes < MOST_BYTES, `${bytes} bytes`);
    expect(`${on}: language and title`, found.language === "en" && found.title.length > 5, found.title);
    expect(`${on}: one first heading, and none skips a level`, found.h1 === 1 && found.jumps === 0);
    expect(`${on}: one header, nav and main`, found.landmarks.length === 0, found.landmarks.join(", "));
    expect(`${on}: ids are unique and links lead somewhere`, found.repeated.length + found.dead.length === 0,
      [...found.repeated, ...found.dead].join(", "));
    expect(`${on}: drawings are there and say what they show`, found.drawn > 0 && found.unnamed === 0);
    expect(`${on}: tables have header cells`, found.headless === 0);
  }

  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map((rule) => `${rule.id} (${rule.nodes.length}): ${rule.nodes[0].html.slice(0, 160)}`);
  expect(`${on}: no accessibility rule is broken`, violations.length === 0, told.join("\n  "));

  if (scheme === "light") {
    // The first stop of the tabulator is the way past the navigation, it shows, and it works.
    await page.keyboard.press("Tab");
    const first = await page.evaluate(() => ({
      href: document.activeElement.getAttribute("href"),
      left: document.activeElement.getBoundingClientRect().left,
    }));
    expect(`${on}: the first stop skips the navigation`, first.href === PAGES[name] && first.left >= 0);
    // What waits in closed details is reached once they are open.
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    const reached = new Set();
    const places = [];
    for (let stop = 0; stop < found.stops; stop += 1) {
      const at = await page.evaluate(() => {
        const stops = [...document.querySelectorAll("a[href], summary, [tabindex='0']")];
        return stops.indexOf(document.activeElement);
      });
      reached.add(at);
      places.push(at);
      await page.keyboard.press("Tab");
    }
    reached.delete(-1);
    expect(`${on}: the keyboard reaches everything`, reached.size === found.stops, `${reached.size} of ${found.stops}`);
    expect(`${on}: in the order of the page`, places.every((place, n) => n === 0 || place > places[n - 1]), places.join(" "));
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = false)));
    const details = page.locator("summary").first();
    await details.focus();
    await page.keyboard.press("Enter");
    expect(`${on}: the keyboard opens details`, await details.evaluate((summary) => summary.parentElement.open));
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    const opened = await page.evaluate(survey);
    expect(`${on}: nothing scrolls sideways with details open`, opened.scrolls <= width && opened.wide.length === 0,
      `${opened.scrolls} px wide; ${opened.wide.slice(0, 3).join("\n")}`);
  }
  await context.close();
}

const browser = await chromium.launch({
  executablePath: BROWSER,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
try {
  for (const spec of readdirSync(FOLDER)) {
    for (const name of Object.keys(PAGES).filter((name) => existsSync(join(FOLDER, spec, name)))) {
      for (const device of Object.keys(WIDTHS)) {
        for (const scheme of ["light", "dark"]) {
          await check(browser, spec, name, device, scheme);
        }
      }
    }
  }
} finally {
  await browser.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
