import { serve } from './serve.mjs';

serve((_url, response) => response.end(`${new Date().toISOString()}\n`));
