import { Document, Scalar, visit } from 'yaml';
import { resolvePlain } from './scalar.ts';

/**
 * YAML of a JSON value, with sorted keys and quotes around every text that kubectl or a YAML 1.2 reader would take for
 * something else. Reads back as the same value.
 */
export function formatYaml(value: unknown): string {
  const document = new Document(value, {
    schema: 'core',
    sortMapEntries: true,
    aliasDuplicateObjects: false,
  });
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && !isPlainText(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0, indentSeq: false });
}

/** Whether the text means itself when it stands without quotes, as far as types go. */
function isPlainText(text: string): boolean {
  if (text === '<<') return false;
  const result = resolvePlain(text);
  return 'value' in result && typeof result.value === 'string';
}
