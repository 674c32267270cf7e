import Foundation

/// Holds JSON to the schemas in Docs/schema.
package enum SchemaValidator {
    package static let folder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Docs/schema"

    /// The program and its arguments. It reads a line `SCHEMA DOCUMENT` for each document, and writes the first fault of each that
    /// has one.
    package static let path = "/usr/bin/python3"
    package static let arguments = ["-c", program, folder]

    private static let program = """
        import json, os, sys
        from jsonschema import Draft202012Validator
        folder = sys.argv[1]
        common = json.load(open(f'{folder}/common.json'))['$defs']
        def local(node):
            if isinstance(node, dict):
                return {k: '#/$defs/' + v.rsplit('/', 1)[1] if k == '$ref' else local(v) for k, v in node.items()}
            return [local(n) for n in node] if isinstance(node, list) else node
        def load(name):
            schema = local(json.load(open(f'{folder}/{name}.json')))
            schema['$defs'] = local(common)
            Draft202012Validator.check_schema(schema)
            return Draft202012Validator(schema)
        loaded = {}
        for line in sys.stdin:
            name, text = line.split(' ', 1)
            schema = loaded.setdefault(name, load(name))
            for error in schema.iter_errors(json.loads(text)):
                print(f'{name}: {"/".join(map(str, error.absolute_path))}: {error.message}')
                break
        """
}
