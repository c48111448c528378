// Serves HTTP and leaves without losing a request: on SIGTERM it goes on answering, but asks every client to close
// its connection; when Services had time to forget this pod it stops listening, ends what is in flight, and exits.
import { createServer } from 'node:http';

/** How long Services and clients may take to forget a pod that is leaving. */
const DRAIN_MS = Number(process.env.DRAIN_MS ?? 4_000);

export function serve(handler, port = Number(process.env.PORT ?? 8080)) {
  let leaving = false;
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    if (leaving) response.setHeader('Connection', 'close');
    const url = new URL(request.url ?? '/', 'http://pod');
    if (url.pathname === '/livez') return response.end('ok\n');
    if (url.pathname === '/healthz') {
      response.statusCode = leaving ? 503 : 200;
      return response.end(leaving ? 'leaving\n' : 'ok\n');
    }
    Promise.resolve(handler(url, response)).catch((error) => {
      process.stderr.write(`${error.stack}\n`);
      if (!response.headersSent) response.statusCode = 500;
      response.end();
    });
  });
  server.listen(port, () => process.stdout.write(`listening on ${port}\n`));
  process.on('SIGTERM', () => {
    if (leaving) return;
    leaving = true;
    process.stdout.write('leaving\n');
    setTimeout(() => {
      server.close(() => process.exit(0));
      server.closeIdleConnections();
    }, DRAIN_MS);
  });
}
