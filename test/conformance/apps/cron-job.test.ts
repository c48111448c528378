/** Source: kubernetes test/e2e/apps/cronjob.go (v1.32). */
import { afterAll, beforeAll, it } from 'vitest';
import { CRON_JOBS } from '#api';
import { formatTime } from '#base';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { expectOperations } from '../support/operations.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 0 });
});
afterAll(() => bed.close());

it('[sig-apps] CronJob should support CronJob API operations [Conformance]', async () => {
  const namespace = await bed.namespace('cronjob');
  const label = { key: 'special-label', value: namespace };
  const containers = [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'exit 0'] }];
  const job = { template: { spec: { restartPolicy: 'OnFailure', containers } } };
  const spec = {
    schedule: '* */1 * * ?',
    concurrencyPolicy: 'Allow',
    successfulJobsHistoryLimit: 1,
    failedJobsHistoryLimit: 0,
    jobTemplate: { spec: { parallelism: 1, completions: 1, backoffLimit: 1, ...job } },
  };
  // The official test makes the one that it deletes later; made at once they are told apart by name all the same.
  const objects = ['test-api', 'for-removal'].map((name) => ({
    metadata: { name, labels: { [label.key]: label.value } },
    spec,
  }));
  // The official test writes the time of now, and so may start a Job; from then on it starts none.
  const soonMs = Date.now() + 3_600_000;
  const status = {
    patched: { lastScheduleTime: formatTime(soonMs) },
    updated: { lastScheduleTime: formatTime(soonMs + 1_000) },
  };
  await expectOperations(bed, { type: CRON_JOBS, namespace, objects, label, status });
});
