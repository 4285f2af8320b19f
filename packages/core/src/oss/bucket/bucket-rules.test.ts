import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { insertCorsRule, insertLifecycleRule, readCorsRules, readLifecycleRules } from './bucket-rules.ts';

const CONTEXT = { operation: 'PutBucketCors', bucket: 'media' };
const RULE = {
  allowedOrigins: ['https://app.example.com'],
  allowedMethods: ['PUT'],
  allowedHeaders: ['*'],
  exposeHeaders: ['ETag'],
  maxAgeSeconds: 60,
};
const ADDED =
  '<CORSRule><AllowedOrigin>https://app.example.com</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>' +
  '<AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule>';
const ABORT = { id: 'ours', prefix: 'a&b/', abortAfterDays: 7 };

function refusalOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (reason) {
    return reason;
  }
}

describe('CORS rules', () => {
  test('are read in their order, one or many, with and without a namespace', () => {
    const xml = (inside: string, xmlns = ''): string =>
      `<?xml version="1.0"?>\n<CORSConfiguration${xmlns}>${inside}</CORSConfiguration>`;
    expect(readCorsRules(xml(ADDED), CONTEXT)).toEqual([RULE]);
    const bare =
      '<CORSRule>\n <AllowedOrigin> * </AllowedOrigin>\n<AllowedMethod>GET</AllowedMethod></CORSRule>';
    expect(readCorsRules(xml(bare + ADDED, ' xmlns="http://doc.oss"'), CONTEXT)).toEqual([
      {
        ...{ allowedOrigins: ['*'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] },
        maxAgeSeconds: undefined,
      },
      RULE,
    ]);
    expect(() => readCorsRules('<LifecycleConfiguration/>', CONTEXT)).toThrow('malformed_response');
  });

  test('the first rule creates a configuration', () => {
    expect(insertCorsRule(undefined, RULE, CONTEXT)).toBe(`<CORSConfiguration>${ADDED}</CORSConfiguration>`);
  });

  test('a new rule is inserted before the others, which do not change', () => {
    const before =
      '<?xml version="1.0"?>\n<CORSConfiguration xmlns="http://doc.oss">\n  <!-- the shop\'s -->\n' +
      '  <CORSRule><AllowedOrigin>*</AllowedOrigin><New>&lt;&#65;</New></CORSRule>\n' +
      '  <ResponseVary>true</ResponseVary>\n</CORSConfiguration>\n';
    const merged = insertCorsRule(before, RULE, CONTEXT);
    expect(merged.replace(ADDED, '')).toBe(before);
    expect(readCorsRules(merged, CONTEXT).map(({ allowedOrigins }) => allowedOrigins)).toEqual([
      ['https://app.example.com'],
      ['*'],
    ]);
  });

  test.each([
    ['a prefix', '<o:CORSConfiguration><o:CORSRule/></o:CORSConfiguration>'],
    [
      'the root in a comment',
      '<!-- <CORSConfiguration> --><CORSConfiguration><CORSRule/></CORSConfiguration>',
    ],
    ['an empty root', '<CORSConfiguration/>'],
    ['an unusual root', '<CORSConfiguration\n><CORSRule/></CORSConfiguration>'],
  ])('a configuration with %s is not changed', (_, xml) => {
    expect(refusalOf(() => insertCorsRule(xml, RULE, CONTEXT))).toMatchObject({
      code: 'refused',
      disposition: 'permanent',
      hint: expect.stringContaining('Nothing was changed'),
    });
  });

  test('a truncated configuration rejects with malformed_response', () => {
    const truncated = `<CORSConfiguration>${ADDED}<CORSRule>`;
    expect(refusalOf(() => insertCorsRule(truncated, RULE, CONTEXT))).toMatchObject({
      code: 'malformed_response',
    });
  });

  test.each([
    [19, undefined],
    [20, 'already has 20 rules'],
  ])('a rule is added to %i rules, or rejected: %s', (count, reason) => {
    const xml = `<CORSConfiguration>${ADDED.repeat(count)}</CORSConfiguration>`;
    const merged = refusalOf(() => insertCorsRule(xml, RULE, CONTEXT));
    if (reason === undefined) expect(readCorsRules(String(merged), CONTEXT)).toHaveLength(count + 1);
    else expect(merged).toMatchObject({ code: 'refused', message: expect.stringContaining(reason) });
  });

  test('a configuration above 16 KiB is rejected', () => {
    const long = `<CORSRule><AllowedOrigin>${'a'.repeat(16_384)}</AllowedOrigin></CORSRule>`;
    const xml = `<CORSConfiguration>${long}</CORSConfiguration>`;
    expect(refusalOf(() => insertCorsRule(xml, RULE, CONTEXT))).toMatchObject({ code: 'refused' });
  });

  test('any text of a rule is read back unchanged', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .map((value) => `x${value.replaceAll(/\s|\p{Cc}/gu, '')}`);
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (exposeHeaders) => {
        const merged = insertCorsRule(undefined, { ...RULE, exposeHeaders }, CONTEXT);
        expect(readCorsRules(merged, CONTEXT)).toEqual([{ ...RULE, exposeHeaders }]);
      }),
    );
  });
});

describe('lifecycle rules', () => {
  const configuration = (inside: string): string =>
    `<LifecycleConfiguration>${inside}</LifecycleConfiguration>`;

  test('are read as far as they are about unfinished uploads', () => {
    const xml = configuration(
      '<Rule><ID>1</ID><Prefix/><Status>Enabled</Status>' +
        '<AbortMultipartUpload><Days>3</Days></AbortMultipartUpload></Rule>' +
        '<Rule><ID>2</ID><Prefix>logs/</Prefix><Status>Disabled</Status><Filter/>' +
        '<Expiration><Days>1</Days></Expiration></Rule>' +
        '<Rule><ID>3</ID><Prefix>t</Prefix><Status>Enabled</Status><AbortMultipartUpload>' +
        '<CreatedBeforeDate>2026-01-01T00:00:00.000Z</CreatedBeforeDate></AbortMultipartUpload></Rule>',
    );
    expect(readLifecycleRules(xml, CONTEXT)).toEqual([
      { id: '1', prefix: '', isEnabled: true, isSelective: false, abortAfterDays: 3 },
      { id: '2', prefix: 'logs/', isEnabled: false, isSelective: true, abortAfterDays: undefined },
      { id: '3', prefix: 't', isEnabled: true, isSelective: false, abortAfterDays: undefined },
    ]);
  });

  test('a new rule does not change the others', () => {
    const before = configuration('<Rule><ID>1</ID><Transition><Days>9</Days></Transition></Rule>');
    const merged = insertLifecycleRule(before, ABORT, CONTEXT);
    expect(merged).toContain(before.slice('<LifecycleConfiguration>'.length));
    expect(readLifecycleRules(merged, CONTEXT)[0]).toEqual({ ...ABORT, isEnabled: true, isSelective: false });
    const full = configuration('<Rule><ID>1</ID></Rule>'.repeat(1000));
    expect(refusalOf(() => insertLifecycleRule(full, ABORT, CONTEXT))).toMatchObject({ code: 'refused' });
  });
});
