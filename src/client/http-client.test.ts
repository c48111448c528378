import { startApiServer } from '../../test/support/api-server.ts';
import { describeClient } from './client.contract.ts';

describeClient('src/client/http-client.ts', async () => {
  const server = await startApiServer();
  const client = await server.client({ name: 'alice', groups: ['system:masters'] }, 'contract/1');
  return { client, close: () => server.close() };
});
