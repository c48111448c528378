/** Paths of a commit: no leading slash, '' for the root. */

/** The path from a folder. Starts with `..` when it leads out of the commit. */
export function joinPath(folder: string, entry: string): string {
  const steps: string[] = [];
  for (const step of [...folder.split('/'), ...entry.split('/')]) {
    if (step === '' || step === '.') continue;
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..') steps.pop();
    else steps.push(step);
  }
  return steps.join('/');
}

export function leadsOut(path: string): boolean {
  return path === '..' || path.startsWith('../');
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
