import { build } from './lib/build.mjs';
import { installDependencies } from './lib/install.mjs';

installDependencies();
build({ force: process.argv.includes('--force') });
