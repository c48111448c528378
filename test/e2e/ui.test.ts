import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inaccessible } from '../support/accessibility.ts';
import { type Product, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const shots = process.env['PLUMBLINE_SCREENSHOTS'];
let product: Product;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  product = await startProduct();
  await product.untilTrue('web');
  await product.untilTrue('clock');
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--no-first-run', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
});

/** Anyone can use what is on screen now. Keeps a picture to look at, where a folder for them is named. */
async function shot(name: string): Promise<void> {
  if (shots !== undefined) {
    await mkdir(shots, { recursive: true });
    await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
  }
  await expect.poll(() => inaccessible(page), { message: name, timeout: 5_000 }).toEqual([]);
}

describe('the dashboard in Chromium', () => {
  it('lets nobody in without a login', async () => {
    const { origin } = new URL(product.loginLink);
    expect((await fetch(`${origin}/ui/v1/overview`)).status).toBe(401);
    await page.goto(origin);
    await page.getByRole('heading', { name: 'You are logged out' }).waitFor();
    await shot('logged-out');
  });

  it('logs in by the one-time link, which works once', async () => {
    await page.goto(product.loginLink);
    await page.getByRole('heading', { name: 'Everything is true to Git.' }).waitFor();
    expect(page.url()).not.toContain('ticket');
    await shot('overview');
    const again = await browser.newContext();
    const second = await again.newPage();
    const answer = await second.goto(product.loginLink);
    expect(answer?.status()).toBeGreaterThanOrEqual(400);
    await again.close();
  });

  it('shows drift as it appears after kubectl scale, with who and where, and shows it healed', async () => {
    await page.getByRole('link', { name: 'web', exact: false }).first().click();
    await page.getByRole('heading', { name: 'web' }).waitFor();
    // Without self-heal the drift stays to be looked at.
    const file = path.join(product.demo, 'web.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('selfHeal: true', 'selfHeal: false'));
    await product.commit('Tell me, do not touch');
    await page.getByText('shows drift').waitFor();
    await product.kubectl('scale', 'deployment', 'web', '-n', 'demo', '--replicas=4');
    const drift = page.getByRole('region', { name: 'Drift' });
    await drift.getByText('spec.replicas').waitFor();
    const row = drift.getByRole('row', { name: /spec\.replicas/ });
    await expect.poll(() => row.innerText()).toMatch(/3[\s\S]*4[\s\S]*admin[\s\S]*web\/deployment\.yaml:\d+/);
    await shot('drift');
    await writeFile(file, (await readFile(file, 'utf8')).replace('selfHeal: false', 'selfHeal: true'));
    await product.commit('Heal it');
    await drift.waitFor({ state: 'detached' });
    await until(
      'three replicas again',
      async () =>
        (await product.kubectl('get', 'deploy', 'web', '-n', 'demo', '-o', 'jsonpath={.spec.replicas}')).stdout === '3',
    );
    await product.untilTrue('web');
    await page.getByText('self-heal').first().waitFor();
    await shot('healed');
  });

  it('says on the page of a self-heal who drifted, with which program, when, and in which line', async () => {
    const history = page.getByRole('region', { name: 'History' });
    await history
      .getByRole('row', { name: /self-heal/ })
      .first()
      .getByRole('link')
      .click();
    const head = page.getByRole('region', { name: 'Run', exact: true });
    await head.getByText('Took back what was changed by').waitFor();
    expect(await head.innerText()).toMatch(/changed by admin with kubectl\S*, .* ago/);
    const file = await readFile(path.join(product.demo, 'web/deployment.yaml'), 'utf8');
    const line = file.slice(0, file.indexOf('replicas: 3')).split('\n').length;
    const step = page.getByRole('row', { name: /Deployment demo\/web/ });
    expect(await step.innerText()).toMatch(/spec\.replicas was 4 and is 3 in Git\s+changed by admin with kubectl/);
    expect(await step.innerText()).toContain(`web/deployment.yaml:${line}`);
    await shot('run-self-heal');
    await page.goBack();
    await page.getByRole('region', { name: 'Pods' }).waitFor();
  });

  it('syncs by its button', async () => {
    await page.getByRole('button', { name: 'Sync' }).click();
    await page.getByText('Asked for a sync.').waitFor();
    await product.untilTrue('web');
  });

  it('shows the log of a pod as it grows', async () => {
    await page.getByRole('region', { name: 'Pods' }).getByRole('button', { name: 'Log' }).first().click();
    await page.getByRole('log').getByText('listening on 8080').waitFor();
    await shot('log');
  });

  it('shows a blocked prune and lets it go on when approved', async () => {
    await rm(path.join(product.demo, 'clock'), { recursive: true });
    await mkdir(path.join(product.demo, 'clock'));
    await writeFile(path.join(product.demo, 'clock/empty.yaml'), '# Everything went away.\n');
    await product.commit('Empty the clock');
    await page.goto(`${new URL(page.url()).origin}/#/applications/argocd/clock`);
    const approval = page.getByRole('region', { name: 'Approval' });
    await approval.getByText('Deployment demo/clock').waitFor();
    expect((await product.kubectl('get', 'deploy', 'clock', '-n', 'demo')).code).toBe(0);
    await shot('blocked');
    await page.getByRole('button', { name: 'Sync', exact: true }).click();
    await page.getByText('clock waits for approval').waitFor();
    const asked: string[] = [];
    // A person who thinks again has deleted nothing.
    page.once('dialog', (dialog) => {
      asked.push(dialog.message());
      void dialog.dismiss();
    });
    await approval.getByRole('button', { name: 'Approve and delete' }).click();
    expect(asked).toEqual(['Delete 2 objects of clock? This cannot be undone.']);
    await expect(approval.getByRole('button', { name: 'Approve and delete' }).isEnabled()).resolves.toBe(true);
    expect((await product.kubectl('get', 'deploy', 'clock', '-n', 'demo')).code).toBe(0);
    page.once('dialog', (dialog) => void dialog.accept());
    await approval.getByRole('button', { name: 'Approve and delete' }).click();
    await until(
      'the clock is gone',
      async () => (await product.kubectl('get', 'deploy', 'clock', '-n', 'demo')).code === 1,
    );
    await approval.waitFor({ state: 'detached' });
    await page.getByText('Empty in Git', { exact: true }).waitFor();
    await shot('empty');
    await page.goto(`${new URL(page.url()).origin}/#/`);
    await page
      .getByRole('link', { name: /^clock/ })
      .getByText(/^Empty in Git at/)
      .waitFor();
  });

  it('compares any two runs of the history', async () => {
    const file = path.join(product.demo, 'web/deployment.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('value: blue', 'value: teal'));
    const commit = await product.commit('Paint it teal');
    await product.untilTrue('web', commit);
    await page.goto(`${new URL(page.url()).origin}/#/applications/argocd/web`);
    const history = page.getByRole('region', { name: 'History' });
    await history.getByText('Paint it teal').waitFor();
    const boxes = history.getByRole('checkbox');
    await boxes.first().check();
    await boxes.last().check();
    await shot('history');
    await history.getByRole('button', { name: 'Compare two runs' }).click();
    const change = page.getByRole('region', { name: 'Deployment demo/web' });
    await change.getByText('teal').waitFor();
    expect(await change.innerText()).toMatch(/blue[\s\S]*teal/);
    await shot('diff');
  });

  it('shows what one run did, and why', async () => {
    await page.getByRole('link', { name: 'Paint it teal' }).click();
    const step = page.getByRole('row', { name: /Deployment demo\/web/ });
    await expect.poll(() => step.innerText()).toMatch(/configure[\s\S]*env[\s\S]*web\/deployment\.yaml:\d+/);
    await shot('run');
  });

  it('shows what the hooks of a run did, when, and from which file', async () => {
    const { origin, hash } = new URL(page.url());
    const file = path.join(product.demo, 'web/migrate.yaml');
    const hook = (script: string) => `apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {argocd.argoproj.io/hook: PreSync}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: "plumbline.local/sample:1", command: [/usr/local/bin/node, -e, "${script}"]}]
`;
    await writeFile(file, hook('process.exit(3)'));
    await writeFile(
      path.join(product.demo, 'web/note.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note}\n',
    );
    await product.commit('Migrate in vain');
    await page.goto(`${origin}/#/applications/argocd/web`);
    const history = page.getByRole('region', { name: 'History' });
    await history
      .getByRole('row', { name: /Failed.*Migrate in vain|Migrate in vain.*Failed/s })
      .getByRole('link')
      .click();
    const hooks = page.getByRole('region', { name: 'Hooks' });
    const row = hooks.getByRole('row', { name: /Job demo\/migrate/ });
    await expect.poll(() => row.innerText()).toMatch(/PreSync[\s\S]*Failed[\s\S]*ago[\s\S]*web\/migrate\.yaml:1/);
    await shot('hooks');
    await writeFile(file, hook('process.exit(0)'));
    const commit = await product.commit('Migrate');
    await product.untilTrue('web', commit);
    await page.goto(`${origin}/${hash}`);
  });

  it('tells of a pod without a node, node by node, why', async () => {
    const { origin, hash } = new URL(page.url());
    const file = path.join(product.demo, 'web/deployment.yaml');
    const before = await readFile(file, 'utf8');
    await writeFile(file, before.replace('      containers:', '      nodeSelector: {disk: ssd}\n      containers:'));
    await product.commit('Ask for a disk that is not there');
    await page.goto(`${origin}/#/applications/argocd/web`);
    await page.getByRole('region', { name: 'Pods' }).getByRole('button', { name: 'Why' }).click();
    const why = page.getByRole('region', { name: /^Why demo\/web-\S+ has no node$/ });
    await why.getByText('0/1 nodes are available').waitFor();
    expect(await why.getByRole('row').last().innerText()).toMatch(
      /No\s+node\(s\) didn't match Pod's node affinity\/selector/,
    );
    await shot('placement');
    await writeFile(file, before);
    const commit = await product.commit('Take any disk');
    await product.untilTrue('web', commit);
    await why.waitFor({ state: 'detached' });
    await page.goto(`${origin}/${hash}`);
  });

  it('fits a phone and a dark room', async () => {
    const { origin } = new URL(page.url());
    await until('the old pods are gone', async () => {
      const { stdout } = await product.kubectl('get', 'pods', '-n', 'demo', '-l', 'app=web', '-o', 'name');
      return stdout.trim().split('\n').length === 3;
    });
    await page.setViewportSize({ width: 390, height: 844 });
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      await shot(`phone-run-${colorScheme}`);
      await page.goto(`${origin}/#/applications/argocd/web`);
      await page.getByRole('region', { name: 'Events' }).waitFor();
      // A pod is two lines, not a list of titles and values.
      const rows = await page.getByRole('region', { name: 'Pods' }).locator('tbody tr').all();
      const heights = await Promise.all(rows.map(async (row) => (await row.boundingBox())?.height ?? 0));
      expect(heights.length).toBeGreaterThan(2);
      expect(Math.max(...heights)).toBeLessThan(75);
      await shot(`phone-application-${colorScheme}`);
      await page.goto(`${origin}/#/nodes`);
      await page.getByRole('heading', { name: 'Nodes' }).waitFor();
      await shot(`phone-nodes-${colorScheme}`);
      await page.goto(`${origin}/#/`);
      await page.getByRole('region', { name: 'Verdict' }).waitFor();
      await shot(`phone-overview-${colorScheme}`);
      await page.goBack();
      await page.goBack();
      await page.goBack();
      await page.getByRole('region', { name: 'Plan and results' }).waitFor();
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(`${origin}/#/applications/argocd/web`);
    await page.getByRole('region', { name: 'Events' }).waitFor();
    await shot('application-dark');
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('tells when the control plane is gone; when it is back, a new link is all it takes', async () => {
    await page.goto(`${new URL(page.url()).origin}/#/`);
    await page.getByText('live', { exact: true }).waitFor();
    await product.stopServer();
    await page.getByText('not connected').waitFor();
    await page.getByText('The control plane does not answer.').waitFor();
    await shot('gone');
    await product.start();
    // Logins live in the server's memory only.
    await page.getByRole('heading', { name: 'You are logged out' }).waitFor();
    await page.goto(product.loginLink);
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByRole('link', { name: /^web/ }).waitFor();
  });

  it('ends the login when asked to', async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'You are logged out' }).waitFor();
    const status = await page.evaluate("fetch('/ui/v1/overview').then(({ status }) => status)");
    expect(status).toBe(401);
  });

  it('made no browser complain', () => {
    expect(
      complaints.filter(
        (text) => !/Failed to load resource|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|net::ERR/.test(text),
      ),
    ).toEqual([]);
  });
});
