"""Validates site files with jsonschema, which nobody here wrote.

stdin: {"schema": {...}, "cases": [{"name": "...", "yaml": "..."}]}
stdout: {"<name>": ["<place>: <problem>", ...]}
"""
import json
import sys

import jsonschema
import yaml

question = json.load(sys.stdin)
validator = jsonschema.Draft202012Validator
validator.check_schema(question["schema"])
judge = validator(question["schema"])
answers = {}
for case in question["cases"]:
    problems = judge.iter_errors(yaml.safe_load(case["yaml"]))
    answers[case["name"]] = [f"{'/'.join(map(str, p.absolute_path))}: {p.message}" for p in problems]
json.dump(answers, sys.stdout)
