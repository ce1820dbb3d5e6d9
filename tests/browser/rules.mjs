// rules.mjs - what html-validate is to look for.

export default {
  root: true,
  extends: ['html-validate:recommended', 'html-validate:document'],
  rules: {
    // Of a style sheet from our own program, whose name holds its hash.
    'require-sri': 'off',
  },
};
