// Records what npm's `dotenv` reads in generated .env texts, for tests/unit/core/config/dotenv_oracle_test.cpp.
// Usage, in a directory with dotenv installed: node dotenv_cases.mjs > ../fixtures/dotenv/cases.json
import { createRequire } from 'node:module';
const { parse } = createRequire(`${process.cwd()}/`)('dotenv');

// A small linear congruential generator: the same texts on every machine.
let state = 12345;
const next = (n) => { state = (state * 1103515245 + 12345) % 2147483648; return Math.floor(state / 65536) % n; };
const pick = (list) => list[next(list.length)];

const names = ['A', 'OPENAI_API_KEY', 'b.c', 'x-y', '_', '9Z', 'export'];
const values = ['', 'plain', ' spaced out ', '"double"', "'single'", '`back`', '"a\\nb"', "'a\\nb'", '"a\\"b"', "'it\\'s'", 'a#b', 'a #b', '"a#b"', '"a" # c', "'a'#c",
  '"two\nlines"', "'two\nlines'", '"a" b', 'a "b"', '$HOME', '${X}', '"$X"', 'a=b', '=', ' ', '"', 'x"', '\\n', '"\\r\\n"', '""', "''", '"é😀"', 'é', '\tb', '"a\\tb"', '[1,2]', '{"k":"v"}', "a'b'c"];
const separators = ['=', ' = ', '= ', ' =', ': ', ':', ' '];
const prefixes = ['', '', '', 'export ', '  ', '\t', 'export\t', '# ', 'export'];
const ends = ['\n', '\n', '\r\n', '\n\n', '\r'];

// `dotenv` lets a value begin on a later line than its name ("A:" or "A=" alone, then a quoted text). We do not: such texts are left out.
const beginsLater = /:[ \t]*[\r\n]|=[ \t]*[\r\n]+\s*['"`]|[ \t]*[\r\n]+[ \t]*=/;

const cases = [];
while (cases.length < 600) {
  let text = next(20) === 0 ? '\uFEFF' : '';
  for (let lines = 1 + next(4); lines > 0; lines -= 1) text += pick(prefixes) + pick(names) + pick(separators) + pick(values) + pick(ends);
  if (next(4) === 0) text = text.trimEnd();
  if (beginsLater.test(text)) continue;
  cases.push({ text, values: parse(text.replace(/^\uFEFF/, '')) });
}
process.stdout.write(`[\n${cases.map((c) => JSON.stringify(c)).join(',\n')}\n]\n`);
