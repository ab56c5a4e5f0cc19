// Decides a sign-in the way a person does: Chromium opens the link, confirms the code, logs in and consents; or says no.
// Prints one line of JSON with the headings of the pages it went through.
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const kPatience = 60_000; // milliseconds for each page: a machine may be busy compiling

const { values: option, positionals: [url] } = parseArgs({
  allowPositionals: true,
  options: {
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    account: { type: 'string', default: 'alice' },
    deny: { type: 'boolean', default: false },
  },
});
if (!url) {
  process.stderr.write('usage: approve_in_browser.mjs URL [--deny] [--account NAME] [--chromium FILE]\n');
  process.exit(2);
}

const headings = [];

async function note(page) {
  await page.waitForLoadState();
  headings.push((await page.locator('h1').first().textContent()).trim());
}

async function approve(page) {
  await page.click('button[type=submit][autofocus]'); // the code is the right one
  await page.waitForSelector('input[name=login]');
  await note(page);
  await page.fill('input[name=login]', option.account);
  await page.fill('input[name=password]', 'any password does');
  await page.click('button[type=submit]');
  await page.waitForSelector('input[name=prompt][value=consent]', { state: 'attached' });
  await note(page);
  await page.click('button[type=submit]');
  await page.waitForURL(/\/authorize\//);
  await note(page);
}

async function deny(page) {
  await page.click('button[name=abort]');
  await page.waitForSelector('button[name=abort]', { state: 'detached' });
  await note(page);
}

const browser = await chromium.launch({
  executablePath: option.chromium,
  // Its sandbox wants namespaces, which root in a container does not have; the pages are our own.
  chromiumSandbox: false,
  args: ['--disable-quic', '--no-proxy-server'],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(kPatience);
  const here = new URL(url).origin;
  await page.route('**/*', (route) => (new URL(route.request().url()).origin === here ? route.continue() : route.abort()));
  await page.goto(url);
  await page.waitForSelector('button[name=abort]');
  await note(page);
  const shown = await page.locator('code').first().textContent();
  await (option.deny ? deny(page) : approve(page));
  process.stdout.write(`${JSON.stringify({ code: shown, headings })}\n`);
} finally {
  await browser.close();
}
