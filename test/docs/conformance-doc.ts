import { type OfficialTest, TIERS, type Tier } from '../conformance/catalogue.ts';
import { isOnDocker } from '../conformance/titles.ts';

const TOLD: Readonly<Record<Tier, string>> = {
  api: 'the API server and the controllers; a pod may stay un-run',
  rc: 'written against ReplicationControllers or PodTemplates',
  pod: 'containers that really run',
  net: "the pods' network, cluster DNS or Services",
  node: 'several real nodes, or one that is disturbed',
};

/** Text of a table's cell. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('*', '\\*').replaceAll('\n', ' ');

const sigOf = ({ codename }: OfficialTest) => /^\[(sig-[a-z-]+)\]/.exec(codename)?.[1] ?? '';

function line({ codename, tier, mutation, notYet = '' }: OfficialTest, file: string | undefined): string {
  const name = cell(codename.replace(' [Conformance]', '').replace(/^\[(sig-[a-z-]+)\] /, ''));
  if (mutation === undefined) return `| ${name} | ${tier} | not yet | ${cell(notYet)} |`;
  const place = `[${file}](../test/${file})`;
  return `| ${name} | ${tier} | passed${isOnDocker(file) ? ' on Docker' : ''} | ${place} fails when, in \`${mutation.file}\`: ${cell(mutation.why)} |`;
}

/** The page of the official tests: `tested` tells the file of each that is ported. */
export function conformanceDocument(catalogue: readonly OfficialTest[], tested: ReadonlyMap<string, string>): string {
  const ported = (tests: readonly OfficialTest[]) => tests.filter(({ mutation }) => mutation !== undefined);
  const passed = (tests: readonly OfficialTest[]) => ported(tests).length;
  const onDocker = (tests: readonly OfficialTest[]) =>
    ported(tests).filter(({ codename }) => isOnDocker(tested.get(codename))).length;
  const onRecord = (tests: readonly OfficialTest[]) => ported(tests).filter(({ isSeen }) => isSeen === true).length;
  const tiers = TIERS.map((tier) => {
    const tests = catalogue.filter((test) => test.tier === tier);
    const pretended = passed(tests) - onDocker(tests);
    return `| ${tier} | ${TOLD[tier]} | ${tests.length} | ${pretended} | ${onDocker(tests)} | ${onRecord(tests)} |`;
  });
  const groups = new Map<string, OfficialTest[]>();
  for (const test of catalogue) groups.set(sigOf(test), [...(groups.get(sigOf(test)) ?? []), test]);
  const sections = [...groups].map(([sig, tests]) =>
    [
      `## ${sig}`,
      '',
      '| Test | Tier | Here | How it is shown, or what is missing |',
      '|---|---|---|---|',
      ...tests.map((test) => line(test, tested.get(test.codename))),
    ].join('\n'),
  );
  return `# Conformance

<!-- Made by \`npm run docs\` from test/conformance. -->

Kubernetes has an official list of conformance tests. ${catalogue.length} of those of v1.32 concern kinds that are served here; ${passed(catalogue)} of them are ported: same
steps, same assertions, in our words, against our API server over HTTPS with all controllers. ${passed(catalogue) - onDocker(catalogue)} of them run on nodes that pretend to run
pods; ${onDocker(catalogue)} run on real Docker, with our node agent and its network, on a host of their own. All run with \`npm test\`. Each is held to one named
mutation of our code: \`npm run mutations\` (as root for those on Docker) makes the change and demands that the test fails.
It keeps a record, [seen.json](../test/conformance/seen.json): who changes a mutation tries it again (\`npm run mutations -- --unseen\` tries those that are not on record as they are now).

Containers run stand-ins for the official images, made here from a static shell and small scripts ([stand-in.sh](../test/support/stand-in.sh)): no image is pulled.
Waits are shorter and numbers smaller than in the official tests where that changes nothing of what is asked. On pretended nodes a test of the tiers
\`pod\`, \`net\` and \`node\` is ported only where what it asserts is what the API says of pods. The official suite itself is not run here: it needs images
that this project does not pull.

| Tier | It asks for | Tests | Ported, on pretended nodes | Ported, on real Docker | Mutations on record |
|---|---|---|---|---|---|
${tiers.join('\n')}

${sections.join('\n\n')}
`;
}
