import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { define } from './function.ts';
import { fromJson, type GoFunction, RenderError, type TemplateLimits, Templates, type Value } from './index.ts';

const functions = new Map<string, GoFunction>([
  ['include', define('string, any', (context, name, data) => context.execute(name, data))],
  ['tpl', define('string, any', (context, text, data) => context.executeText(text, data))],
  ['upper', define('string', (_, text) => text.toUpperCase())],
  ['int', define('any', (_, value) => BigInt(Math.trunc(Number(value))))],
  ['list', define('any...', (_, ...items) => items)],
  ['repeat', define('int, string', (_, count, text) => text.repeat(Number(count)))],
]);

const DATA = {
  name: 'hello',
  three: 3,
  big: 1234567,
  half: 1.5,
  yes: true,
  no: false,
  nil: null,
  zero: 0,
  empty: '',
  list: ['a', 'b', 'c'],
  none: [],
  map: { z: 1, a: 'two', deep: { x: 'y' } },
  tpl: '{{ .name | upper }}',
};

function renderWith(source: string, data: Value = fromJson(DATA), limits?: TemplateLimits): string {
  const templates = new Templates(functions, limits === undefined ? {} : { limits });
  templates.add(source, { name: 'x.yaml', path: 'x.yaml' });
  return templates.render('x.yaml', data).text;
}

function problemOf(act: () => unknown): RenderError {
  try {
    act();
  } catch (error) {
    if (error instanceof RenderError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

// What is expected here is what Go prints: each line was run by helm 3.6.2, but for what Go got later.
describe('src/render/template/evaluate.ts', () => {
  it.each<[string, string]>([
    ['{{ .big }} {{ .three }} {{ .half }} {{ 1234567 }} {{ 1.5e10 }}', '1.234567e+06 3 1.5 1234567 1.5e+10'],
    [
      "{{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 017 }} {{ 1_000 }} {{ 'a' }} {{ -5 }} {{ .5 }} {{ 1e3 }} {{ 0x1p4 }}",
      '31 5 15 15 1000 97 -5 0.5 1000 16',
    ],
    ['{{ "a\\tb\\u00e9\\x41\\101" }} {{ `raw {{ x }}` }}', 'a\tbéAA raw {{ x }}'],
    ['{{ .missing }}|{{ .nil }}|{{ print .nil }}', '<no value>|<no value>|<nil>'],
    ['{{ (.missing).x }}{{ $x := .missing }}{{ $x.y }}', '<no value><no value>'],
    ['{{ if .zero }}1{{ else if .no }}2{{ else if .none }}3{{ else }}4{{ end }}', '4'],
    [
      '{{ with .map.deep }}{{ .x }}{{ $.name }}{{ end }}{{ with .nil }}x{{ else with .three }}{{ . }}{{ end }}',
      'yhello3',
    ],
    ['{{ range .list }}{{ . }},{{ end }}{{ range $i, $e := .list }}{{ $i }}={{ $e }};{{ end }}', 'a,b,c,0=a;1=b;2=c;'],
    ['{{ range $k, $v := .map }}{{ $k }}={{ $v }};{{ else }}none{{ end }}', 'a=two;deep=map[x:y];z=1;'],
    ['{{ range .none }}x{{ else }}none{{ end }}{{ range $i := 3 }}{{ $i }}{{ end }}', 'none012'],
    [
      '{{ range .list }}{{ if eq . "b" }}{{ continue }}{{ end }}{{ . }}{{ end }}{{ range .list }}{{ if eq . "b" }}{{ break }}{{ end }}{{ . }}{{ end }}',
      'aca',
    ],
    ['{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 3 }}{{ $x := 9 }}{{ end }}{{ $x }}', '2'],
    ['a {{- "x" -}}   b   {{- /* c */ -}} d', 'axbd'],
    [
      '{{ define "n" }}<{{ . }}>{{ end }}{{ template "n" 5 }}{{ include "n" .name | upper }}{{ block "b" 6 }}B{{ . }}{{ end }}',
      '<5><HELLO>B6',
    ],
    ['{{ tpl .tpl . }}{{ tpl "{{ define \\"q\\" }}Q{{ . }}{{ end }}{{ include \\"q\\" 1 }}" . }}', 'HELLOQ1'],
    [
      '{{ eq 1 1 }} {{ eq .three 3.0 }} {{ ne "a" "b" }} {{ lt 1 2 }} {{ ge 1 1 }} {{ eq "a" "b" "a" }} {{ eq .nil "a" }}',
      'true true true true true true false',
    ],
    [
      '{{ and 1 0 2 }} {{ or 0 "" "x" }} {{ and .yes .name }} {{ not .name }} {{ .no | or .three }}',
      '0 x hello false 3',
    ],
    [
      '{{ index .list 1 }} {{ index . "map" "deep" "x" }} {{ index .map "nope" }} {{ index "abc" 1 }} {{ slice .name 1 3 }}',
      'b y <no value> 98 el',
    ],
    ['{{ len .list }} {{ len "é" }} {{ len .map }} {{ print 1 2 "a" 3 }} {{ println "x" 1 }}', '3 2 3 1 2a3 x 1\n'],
    [
      '{{ html "<a href=\'x\'>&" }} {{ urlquery "a b&c=d/é" }} {{ js "it\'s" }}',
      "&lt;a href=&#39;x&#39;&gt;&amp; a+b%26c%3Dd%2F%C3%A9 it\\'s",
    ],
    ['{{ .list }} {{ .map }} {{ list nil 1.5 "x" }}', '[a b c] map[a:two deep:map[x:y] z:1] [<nil> 1.5 x]'],
  ])('%s', (source, expected) => {
    expect(renderWith(source)).toBe(expected);
  });

  it.each<[string, string]>([
    ['%d|%5d|%-5d|%05d|%+d|%x|%#x|%b|%o|%c|%U', '42|   42|42   |00042|+42|2a|0x2a|101010|52|*|U+002A'],
  ])('prints an int as %s', (format, expected) => {
    const count = format.split('|').length;
    expect(renderWith(`{{ printf ${JSON.stringify(format)} ${Array(count).fill('42').join(' ')} }}`)).toBe(expected);
  });

  it.each<[string, string]>([
    ['{{ printf "%s %v %q %t %T" "s" 1.5 "q" true .three }}', 's 1.5 "q" true float64'],
    [
      '{{ printf "%5s|%-5s|%.2s|%x|%5.1f|%08.3f|%+.2e|%g" "ab" "ab" "abc" "hi" 3.14159 3.14159 12345.678 1e21 }}',
      '   ab|ab   |ab|6869|  3.1|0003.142|+1.23e+04|1e+21',
    ],
    ['{{ printf "%d %s %d %z %s" .three 3 "x" 1 }}', '%!d(float64=3) %!s(int=3) %!d(string=x) %!z(int=1) %!s(MISSING)'],
    [
      '{{ printf "x" 1 nil }} {{ printf "%" }} {{ printf "%v %d" nil nil }}',
      'x%!(EXTRA int=1, <nil>) %!(NOVERB) <nil> %!d(<nil>)',
    ],
    ['{{ printf "%s %q %v" .list .list .map }}', '[a b c] ["a" "b" "c"] map[a:two deep:map[x:y] z:1]'],
    ['{{ printf "%[2]d %[1]d|%*d|%.*f" 1 2 }}', '2 1|%!d(MISSING)|%!(BADPREC)%!f(MISSING)'],
    ['{{ printf "%.0f %.0f %.0f %.2f" 0.5 1.5 2.5 1.005 }}', '0 2 2 1.00'],
  ])('%s', (source, expected) => {
    expect(renderWith(source)).toBe(expected);
  });

  it.each<[string, string, string]>([
    ['an unknown function', 'a\n  {{ nofunc 1 }}', '2:6 function "nofunc" not defined'],
    ['a variable that was not declared', '{{ $undefined }}', '1:4 undefined variable "$undefined"'],
    ['a block without end', '{{ if .x }}', 'unexpected EOF: {{if}} has no {{end}}'],
    ['an end too many', 'x{{ end }}', 'unexpected {{end}}'],
    ['an open action', 'x\n{{ .x', '2:6 unclosed action'],
    ['an open text', '{{ "x }}', 'unterminated quoted string'],
    ['break outside of range', '{{ break }}', '{{break}} outside {{range}}'],
    ['a literal that is called', '{{ 1 | 2 }}', 'non executable command in pipeline stage 2'],
    ['an integer without room', '{{ 99999999999999999999 }}', 'integer overflow'],
    ['two templates of a name', '{{define "a"}}1{{end}}{{define "a"}}2{{end}}', 'multiple definition of template "a"'],
  ])('refuses %s', (_name, source, expected) => {
    const error = problemOf(() => renderWith(source));
    expect(error.code).toBe('TemplateInvalid');
    expect(`${error.place?.line}:${error.place?.column} ${error.message}`).toContain(expected);
  });

  it.each<[string, string, string]>([
    ['a field of nil', 'a: {{ .missing.x }}', '1:7 <.missing.x>: nil pointer evaluating interface {}.x'],
    ['a field of a text', '{{ .name.x }}', "can't evaluate field x in type string"],
    ['an int beside a float', '{{ eq .three 3 }}', 'error calling eq: incompatible types for comparison'],
    ['maps beside each other', '{{ eq .map .map }}', 'error calling eq: non-comparable types'],
    ['an index too far', '\n{{ index .list 9 }}', '2:4 <index .list 9>: error calling index: index out of range: 9'],
    ['a key of a missing map', '{{ index . "nope" "x" }}', 'index of nil pointer'],
    ['an argument of a wrong type', '{{ upper .three }}', 'wrong type for value; expected string; got float64'],
    ['nil where a text must be', '{{ .nil | upper }}', 'invalid value; expected string'],
    ['too few arguments', '{{ upper }}', 'wrong number of args for upper: want 1 got 0'],
    ['arguments of a value', '{{ .name 1 }}', 'name is not a method but has arguments'],
    ['a range over a text', '{{ range .name }}{{ end }}', "range can't iterate over hello"],
    ['a template that is not there', '{{ template "nope" . }}', 'no template "nope" is defined'],
  ])('fails at %s, and says where', (_name, source, expected) => {
    const error = problemOf(() => renderWith(source));
    expect(error.code).toBe('TemplateFailed');
    expect(`${error.place?.line}:${error.place?.column} ${error.message}`).toContain(expected);
  });

  it('says of an error inside of an included template where it stands there', () => {
    const templates = new Templates(functions);
    templates.add('{{ define "inner" }}\n\n{{ .a.b }}{{ end }}', { name: 'c/_h.tpl', path: 'c/_h.tpl' });
    templates.add('{{ include "inner" . }}', { name: 'c/x.yaml', path: 'c/x.yaml' });
    const error = problemOf(() => templates.render('c/x.yaml', new Map()));
    expect(error.place).toEqual({ path: 'c/_h.tpl', line: 3, column: 4 });
  });

  it('keeps for each line the line of the template that it comes from', () => {
    const templates = new Templates(functions);
    templates.add('a: 1\n{{- if true }}\nb: 2\n{{- end }}\n{{ print "x\\ny" }}\nc: 3\n', { name: 'x', path: 'x' });
    const { text, lines } = templates.render('x', new Map());
    expect(text.split('\n').map((line, index) => `${lines[index]} ${line}`)).toEqual([
      '1 a: 1',
      '3 b: 2',
      '5 x',
      '5 y',
      '6 c: 3',
      '7 ',
    ]);
  });

  it('lets an empty definition replace none, and a later one any', () => {
    const templates = new Templates(functions);
    templates.add('{{ define "a" }}1{{ end }}{{ define "b" }}1{{ end }}', { name: 'one', path: 'one' });
    templates.add('{{ define "a" }} {{ end }}{{ define "b" }}2{{ end }}', { name: 'two', path: 'two' });
    templates.add('{{ template "a" }}{{ template "b" }}', { name: 'three', path: 'three' });
    expect(templates.render('three', new Map()).text).toBe('12');
  });

  it.each<[string, string, Partial<TemplateLimits>]>([
    ['steps', '{{ range 1000000 }}{{ range 1000000 }}{{ end }}{{ end }}', { steps: 10_000 }],
    ['levels', '{{ define "r" }}{{ include "r" . }}{{ end }}{{ include "r" . }}', {}],
    ['levels by text', '{{ define "r" }}{{ tpl "{{ include \\"r\\" . }}" . }}{{ end }}{{ include "r" . }}', {}],
    ['bytes written', '{{ range 10000 }}0123456789{{ end }}', { bytes: 1_000 }],
    ['bytes made', '{{ $x := repeat 1000 "x" }}{{ $x = print $x $x $x }}', { bytes: 2_000 }],
  ])('ends a template that takes too many %s', (_name, source, limits) => {
    const error = problemOf(() =>
      renderWith(source, new Map(), { steps: 1_000_000, depth: 200, bytes: 100_000, ...limits }),
    );
    expect(error.code).toBe('TemplateTooCostly');
  });

  it('answers or throws a RenderError, whatever the template', () => {
    const pieces = fc.constantFrom(
      ...[
        '{{',
        '}}',
        '{{-',
        '-}}',
        ' ',
        '.',
        '.name',
        '.map.deep',
        '$',
        '$x',
        ':=',
        '=',
        '|',
        '(',
        ')',
        ',',
        '"x"',
        '`',
        "'a'",
        '1',
        '1.5',
        '-',
        'nil',
        'true',
      ],
      ...[
        'if',
        'else',
        'end',
        'range',
        'with',
        'define',
        'template',
        'block',
        'break',
        'continue',
        'include',
        'tpl',
        'eq',
        'index',
        'printf',
        'len',
        'list',
        '/*',
        '*/',
        '\n',
        '{{ end }}',
        '{{ if .yes }}',
        '{{ range .list }}',
        '"%d"',
      ],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 25 }), fc.boolean(), (parts, spaced) => {
        try {
          renderWith(parts.join(spaced ? ' ' : ''), fromJson(DATA), { steps: 10_000, depth: 20, bytes: 10_000 });
        } catch (error) {
          expect(error).toBeInstanceOf(RenderError);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
