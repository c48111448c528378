/** Rules of label selectors. Source: apimachinery pkg/apis/meta/v1/validation/validation.go (v0.32). */
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { type Labels, selectorFromObject } from '../values/selector.ts';
import { checked, type Issues, itemsOf, type Loose } from './checks.ts';
import { forbidden, invalid, required } from './issues.ts';
import { validateLabels } from './metadata.ts';
import { labelValue, qualifiedName } from './names.ts';

export function* validateSelector(selector: Loose<LabelSelector>, path: string): Issues {
  yield* validateLabels(selector.matchLabels, `${path}.matchLabels`);
  yield* itemsOf(`${path}.matchExpressions`, selector.matchExpressions, function* (expression, at): Issues {
    const { key, operator, values = [] } = expression;
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) yield required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
      yield* itemsOf(`${at}.values`, values, (value, place) => checked(place, value, labelValue));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) {
        yield forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
    } else yield invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator');
    yield* checked(`${at}.key`, key ?? '', qualifiedName);
  });
}

export function isEmptySelector(selector: Loose<LabelSelector>): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

/** Whether a selector matches; one with issues is told of elsewhere, so it counts as matching. */
export function selectorMatches(selector: Loose<LabelSelector>, labels: Labels | undefined): boolean {
  for (const _ of validateSelector(selector, '')) return true;
  const matchExpressions = (selector.matchExpressions ?? []).map(({ key = '', operator = '', values = [] }) => {
    return { key, operator, values };
  });
  return selectorFromObject({ matchLabels: selector.matchLabels ?? {}, matchExpressions }).matches(labels);
}
