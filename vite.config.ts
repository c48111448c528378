import { defineConfig } from 'vite';

export default defineConfig({
  root: 'src/ui',
  base: '/',
  resolve: { conditions: ['source', 'browser', 'module', 'import', 'default'] },
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: { outDir: '../../dist/ui', emptyOutDir: true, assetsInlineLimit: 0, target: 'es2022', sourcemap: false },
});
