import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCorsRules, readLifecycleRules, withCorsRule, withLifecycleRule } from './bucket-rules.ts';

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
  test('are read in their order, lone or many, with and without a namespace', () => {
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

  test('the first one makes a configuration', () => {
    expect(withCorsRule(undefined, RULE, CONTEXT)).toBe(`<CORSConfiguration>${ADDED}</CORSConfiguration>`);
  });

  test('one more stands before the others, and not a letter of those changes', () => {
    const before =
      '<?xml version="1.0"?>\n<CORSConfiguration xmlns="http://doc.oss">\n  <!-- the shop\'s -->\n' +
      '  <CORSRule><AllowedOrigin>*</AllowedOrigin><New>&lt;&#65;</New></CORSRule>\n' +
      '  <ResponseVary>true</ResponseVary>\n</CORSConfiguration>\n';
    const merged = withCorsRule(before, RULE, CONTEXT);
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
    ['an odd root', '<CORSConfiguration\n><CORSRule/></CORSConfiguration>'],
  ])('a configuration with %s is left alone', (_, xml) => {
    expect(refusalOf(() => withCorsRule(xml, RULE, CONTEXT))).toMatchObject({
      code: 'refused',
      disposition: 'permanent',
      hint: expect.stringContaining('Nothing was changed'),
    });
  });

  test('a cut configuration is no configuration to write back', () => {
    const cut = `<CORSConfiguration>${ADDED}<CORSRule>`;
    expect(refusalOf(() => withCorsRule(cut, RULE, CONTEXT))).toMatchObject({ code: 'malformed_response' });
  });

  test.each([
    [19, undefined],
    [20, 'there are 20 already'],
  ])('beside %i there is room: %s', (count, why) => {
    const xml = `<CORSConfiguration>${ADDED.repeat(count)}</CORSConfiguration>`;
    const merged = refusalOf(() => withCorsRule(xml, RULE, CONTEXT));
    if (why === undefined) expect(readCorsRules(String(merged), CONTEXT)).toHaveLength(count + 1);
    else expect(merged).toMatchObject({ code: 'refused', message: expect.stringContaining(why) });
  });

  test('16 KiB are all that OSS takes', () => {
    const long = `<CORSRule><AllowedOrigin>${'a'.repeat(16_384)}</AllowedOrigin></CORSRule>`;
    const xml = `<CORSConfiguration>${long}</CORSConfiguration>`;
    expect(refusalOf(() => withCorsRule(xml, RULE, CONTEXT))).toMatchObject({ code: 'refused' });
  });

  test('whatever is in a rule is read back as it was', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .map((value) => `x${value.replaceAll(/\s|\p{Cc}/gu, '')}`);
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (exposeHeaders) => {
        const merged = withCorsRule(undefined, { ...RULE, exposeHeaders }, CONTEXT);
        expect(readCorsRules(merged, CONTEXT)).toEqual([{ ...RULE, exposeHeaders }]);
      }),
    );
  });
});

describe('lifecycle rules', () => {
  const configuration = (inside: string): string =>
    `<LifecycleConfiguration>${inside}</LifecycleConfiguration>`;

  test('are read for what they say of unfinished uploads', () => {
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

  test('one more leaves the others as they are', () => {
    const before = configuration('<Rule><ID>1</ID><Transition><Days>9</Days></Transition></Rule>');
    const merged = withLifecycleRule(before, ABORT, CONTEXT);
    expect(merged).toContain(before.slice('<LifecycleConfiguration>'.length));
    expect(readLifecycleRules(merged, CONTEXT)[0]).toEqual({ ...ABORT, isEnabled: true, isSelective: false });
    const full = configuration('<Rule><ID>1</ID></Rule>'.repeat(1000));
    expect(refusalOf(() => withLifecycleRule(full, ABORT, CONTEXT))).toMatchObject({ code: 'refused' });
  });
});
