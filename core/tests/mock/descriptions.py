"""A small description that has a bit of everything."""

SHOP = """
openapi: 3.0.3
info: {title: Shop, version: '1'}
servers: [{url: 'https://shop.example/{stage}', variables: {stage: {default: live}}}]
security: [{key: []}, {basic: []}]
paths:
  /login:
    post:
      operationId: login
      security: [{bearer: []}]
      requestBody: {content: {application/x-www-form-urlencoded: {schema: {type: object}}}}
      responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}}}}
  /orders:
    get:
      operationId: listOrders
      security: []
      parameters:
        - {name: limit, in: query, required: true, schema: {type: integer}}
        - {name: state, in: query, schema: {type: string, enum: [open, closed]}}
        - {name: X-Trace, in: header, required: true, schema: {type: string}}
        - {name: tags, in: query, schema: {type: array, items: {type: string}}}
      responses:
        '200':
          description: ok
          headers: {X-Total: {required: true, schema: {type: integer, default: 7}}}
          content:
            application/json:
              schema: {type: array, items: {$ref: '#/components/schemas/Order'}}
              examples: {none: {value: []}, one: {value: [{id: 1}]}}
        '422': {description: bad, content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}}
    post:
      operationId: createOrder
      security: []
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}
      responses:
        '201': {description: made, content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
        '400': {description: bad, content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}}
        default: {description: else}
  /orders/mine:
    get: {operationId: myOrder, security: [], responses: {'200': {description: ok}}}
  /orders/{id}:
    get:
      operationId: getOrder
      security: []
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        '200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
        '404': {description: none, content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}}
  /orders/{id}.{format}:
    get:
      operationId: exportOrder
      security: []
      responses: {'200': {description: ok, content: {text/csv: {example: 'a,b'}}}}
  /files/{+path}:
    get: {operationId: getFile, security: [], responses: {'200': {description: ok}}}
  /rest?method=ping:
    get: {operationId: ping, security: [], responses: {'200': {description: ok}}}
  /secret:
    get: {operationId: secret, responses: {'200': {description: ok}}}
  /tokened:
    get: {operationId: tokened, security: [{bearer: []}], responses: {'200': {description: ok}}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
    basic: {type: http, scheme: basic}
    bearer: {type: http, scheme: bearer}
  schemas:
    Error: {type: object, properties: {code: {type: integer}, message: {type: string}}}
    Order:
      type: object
      required: [item]
      properties:
        id: {type: integer, readOnly: true}
        item: {type: string, minLength: 3}
        note: {type: string, nullable: true}
        count: {type: integer, minimum: 0, exclusiveMinimum: true}
        parent: {$ref: '#/components/schemas/Order'}
"""
