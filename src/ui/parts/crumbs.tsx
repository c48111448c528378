import type { ComponentChildren } from 'preact';
import { links } from '../router.ts';

/** Where a screen stands below the overview; the children are the links between. */
export const Crumbs = ({ children, here }: { readonly children?: ComponentChildren; readonly here: string }) => (
  <nav class="crumbs" aria-label="Breadcrumbs">
    <a href={links.overview}>Overview</a>
    {children}
    <span aria-current="page">{here}</span>
  </nav>
);
