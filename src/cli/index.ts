/** The command `plumb`: what a person types. */
export { main } from './program.ts';
