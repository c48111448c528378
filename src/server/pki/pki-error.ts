import { PlumblineError } from '#base';

export class PkiError extends PlumblineError {}
